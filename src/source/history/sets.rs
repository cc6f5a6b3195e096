//! Sets of marks, each stored once. A history has many commits and trees, and few different sets of what they hold.

use std::collections::HashMap;
use std::sync::Arc;

/// What is traced through a history, by number: a candidate for a secret, or a hole.
pub type Mark = u32;

/// A set, by its number in [`Sets`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SetId(u32);

impl SetId {
    /// The set without members.
    pub const EMPTY: Self = Self(0);
}

/// All sets of one history.
pub struct Sets {
    sets: Vec<Arc<[Mark]>>,
    ids: HashMap<Arc<[Mark]>, SetId>,
    /// Unions made before, by the sorted numbers of their parts.
    unions: HashMap<Box<[SetId]>, SetId>,
}

impl Default for Sets {
    fn default() -> Self {
        let empty: Arc<[Mark]> = Arc::new([]);
        Self { sets: vec![Arc::clone(&empty)], ids: HashMap::from([(empty, SetId::EMPTY)]), unions: HashMap::new() }
    }
}

impl Sets {
    /// The set of `members`, which are sorted, each once.
    pub fn intern(&mut self, members: Arc<[Mark]>) -> SetId {
        let next = SetId(self.sets.len() as u32);
        let id = *self.ids.entry(Arc::clone(&members)).or_insert(next);
        if id == next {
            self.sets.push(members);
        }
        id
    }

    /// The members of a set, sorted.
    pub fn members(&self, id: SetId) -> &[Mark] {
        &self.sets[id.0 as usize]
    }

    /// The set of all members of `parts`.
    pub fn union(&mut self, mut parts: Vec<SetId>) -> SetId {
        parts.sort_unstable();
        parts.dedup();
        parts.retain(|&part| part != SetId::EMPTY);
        if parts.len() < 2 {
            return parts.first().copied().unwrap_or(SetId::EMPTY);
        }
        if let Some(&known) = self.unions.get(&parts[..]) {
            return known;
        }
        let mut members: Vec<Mark> = parts.iter().flat_map(|&part| self.members(part)).copied().collect();
        members.sort_unstable();
        members.dedup();
        let id = self.intern(members.into());
        self.unions.insert(parts.into(), id);
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unions_are_sets_and_stored_once() {
        let mut sets = Sets::default();
        let low = sets.intern([1, 2].into());
        let high = sets.intern([2, 3].into());
        let both = sets.union(vec![high, SetId::EMPTY, low, high]);
        assert_eq!(sets.members(both), [1, 2, 3]);
        assert_eq!(sets.union(vec![both, low]), both);
        assert_eq!(sets.union(vec![low]), low);
        assert_eq!(sets.union(vec![]), SetId::EMPTY);
        assert_eq!(sets.intern([1, 2, 3].into()), both);
    }
}
