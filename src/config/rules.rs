//! What the configuration makes of the rules: added ones, changed fields, and which are on.

use super::file::{Fields, File, RuleEntry, no_such_rule};
use super::mistake::Mistake;
use crate::rule::file::RawRule;
use crate::rule::{Companion, Provider, Rule, RuleSet, Shape};
use crate::scan::Scanner;
use globset::Glob;
use std::collections::{BTreeMap, BTreeSet};

/// The key of `[rules]` that switches all built-in rules. No rule has this id: all hold a hyphen.
pub const DEFAULTS: &str = "defaults";

/// The rules of `set` and those `file` adds, with the fields that it changes, without those that it switches off.
pub fn configure(set: RuleSet, file: &File) -> Result<RuleSet, Mistake> {
    if file.rules.is_empty() && file.added.is_empty() {
        return Ok(set);
    }
    let off = off_by_default(&file.rules)?;
    let mut known = set.into_rules();
    for (index, raw) in file.added.iter().enumerate() {
        known.push(add(raw, &known).map_err(|mistake| mistake.below(index).below("rule"))?);
    }
    let known = RuleSet::new(known).map_err(|error| Mistake::new(error.to_string()))?;
    for (index, raw) in file.added.iter().enumerate() {
        check_companion(raw.companion.as_ref(), &known).map_err(|mistake| mistake.below(index).below("rule"))?;
    }
    let mut rules: BTreeMap<String, (Rule, bool)> =
        known.rules().iter().map(|rule| (rule.id.clone(), (rule.clone(), !off.contains(&rule.id)))).collect();
    for (key, entry) in in_order(&file.rules) {
        let place = |mistake: Mistake| mistake.below(key).below("rules");
        for id in selected(key, &known).map_err(place)? {
            let Some((rule, enabled)) = rules.get_mut(&id) else { continue };
            match entry {
                RuleEntry::Switch(on) => *enabled = *on,
                RuleEntry::Fields(fields) => {
                    *enabled = fields.enabled.unwrap_or(*enabled);
                    *rule = change(rule.clone(), fields, &known).map_err(place)?;
                }
            }
        }
    }
    let on: Vec<Rule> = rules.into_values().filter(|(_, enabled)| *enabled).map(|(rule, _)| rule).collect();
    if on.is_empty() {
        let hint = "a scan with no rule would find nothing and seem clean; switch on what you need: `some-id = true`";
        return Err(Mistake::new("every rule is switched off").hint(hint).below("rules"));
    }
    RuleSet::new(on).map_err(|error| Mistake::new(error.to_string()))
}

/// The added rule that `raw` describes.
fn add(raw: &RawRule, known: &[Rule]) -> Result<Rule, Mistake> {
    let Some(provider) = raw.provider.clone() else {
        let hint = "add provider = { id = \"acme\", name = \"Acme\", url = \"https://acme.example\" }";
        return Err(Mistake::new(format!("the rule {} does not say its provider", raw.id)).hint(hint));
    };
    if known.iter().any(|rule| rule.id == raw.id) {
        let hint = format!("give it another id, or change fields of the one there is under [rules.{}]", raw.id);
        return Err(Mistake::new(format!("there is a rule {} already", raw.id)).hint(hint).below("id"));
    }
    let rule = RawRule { provider: None, ..raw.clone() };
    validate(rule, provider).and_then(prove)
}

/// `rule` with the fields that `fields` gives.
fn change(rule: Rule, fields: &Fields, known: &RuleSet) -> Result<Rule, Mistake> {
    check_companion(fields.companion.as_ref(), known)?;
    let provider = rule.provider.clone();
    let changed = validate(fields.over(RawRule { provider: None, ..RawRule::from(rule.clone()) }), provider)?;
    let looks = |rule: &Rule| (rule.shape.clone(), rule.reach, rule.paths.clone(), rule.exclude_paths.clone());
    if looks(&rule) == looks(&changed) { Ok(changed) } else { prove(changed) }
}

/// Refuses a companion that is no rule.
fn check_companion(companion: Option<&Companion>, known: &RuleSet) -> Result<(), Mistake> {
    match companion.filter(|companion| known.find(&companion.rule).is_none()) {
        Some(companion) => Err(no_such_rule(&companion.rule, known).below("companion")),
        None => Ok(()),
    }
}

/// The rule that `raw` is.
fn validate(raw: RawRule, provider: Provider) -> Result<Rule, Mistake> {
    if let Some(odd) = raw.entropy.filter(|entropy| !(0.0..=8.0).contains(entropy)) {
        return Err(Mistake::new(format!("a byte has 0 to 8 bits of entropy, not {odd}")).below("entropy"));
    }
    raw.validate(&provider).map_err(|error| Mistake::new(error.to_string()))
}

/// `rule`, when it runs: its pattern compiles within its reach, and its globs are globs.
fn prove(rule: Rule) -> Result<Rule, Mistake> {
    for (field, globs) in [("paths", &rule.paths), ("exclude_paths", &rule.exclude_paths)] {
        let wrong = |error| Mistake::new(format!("this is no glob: {error}")).below(field);
        globs.iter().try_for_each(|glob| Glob::new(glob).map(drop)).map_err(wrong)?;
    }
    let field = match rule.shape {
        Shape::Format { .. } => "pattern",
        Shape::Near { .. } | Shape::Assignment { .. } => "value",
    };
    let alone = RuleSet::new(vec![rule.clone()]).map_err(|error| Mistake::new(error.to_string()))?;
    let run = Scanner::new(alone, 0.5).and_then(|scanner| scanner.compile(0));
    run.map(|()| rule).map_err(|error| Mistake::new(error.to_string()).below(field))
}

impl Fields {
    /// `rule` with these fields in place of its own.
    fn over(&self, rule: RawRule) -> RawRule {
        let fields = self.clone();
        // What one shape needs replaces what another needed.
        let format = fields.anchors.is_some() && fields.pattern.is_some();
        let near = fields.near.is_some() && fields.value.is_some();
        let other = fields.names.is_some() && rule.names.is_none();
        let rule = if format || near || other {
            RawRule { anchors: None, pattern: None, near: None, value: None, names: None, ..rule }
        } else {
            rule
        };
        RawRule {
            name: fields.name.unwrap_or(rule.name),
            severity: fields.severity.unwrap_or(rule.severity),
            confidence: fields.confidence.unwrap_or(rule.confidence),
            role: fields.role.unwrap_or(rule.role),
            anchors: fields.anchors.or(rule.anchors),
            pattern: fields.pattern.or(rule.pattern),
            near: fields.near.or(rule.near),
            value: fields.value.or(rule.value),
            names: fields.names.or(rule.names),
            reach: fields.reach.unwrap_or(rule.reach),
            entropy: fields.entropy.or(rule.entropy),
            checksum: fields.checksum.or(rule.checksum),
            companion: fields.companion.or(rule.companion),
            paths: fields.paths.unwrap_or(rule.paths),
            exclude_paths: fields.exclude_paths.unwrap_or(rule.exclude_paths),
            documentation: fields.documentation.unwrap_or(rule.documentation),
            revoke: fields.revoke.unwrap_or(rule.revoke),
            rotate: fields.rotate.unwrap_or(rule.rotate),
            examples: fields.examples.unwrap_or(rule.examples),
            non_examples: fields.non_examples.unwrap_or(rule.non_examples),
            id: rule.id,
            provider: rule.provider,
        }
    }
}

/// The ids of the rules that are off unless switched on: none, or with `defaults = false` all built-in ones.
fn off_by_default(entries: &BTreeMap<String, RuleEntry>) -> Result<BTreeSet<String>, Mistake> {
    match entries.get(DEFAULTS) {
        None | Some(RuleEntry::Switch(true)) => Ok(BTreeSet::new()),
        Some(RuleEntry::Switch(false)) => Ok(RuleSet::built_in().into_rules().into_iter().map(|rule| rule.id).collect()),
        Some(RuleEntry::Fields(_)) => Err(Mistake::new("`defaults` is true or false").below(DEFAULTS).below("rules")),
    }
}

/// The entries for rules: patterns first, the shortest of them first, so that the more exact one has the last word.
fn in_order(entries: &BTreeMap<String, RuleEntry>) -> Vec<(&str, &RuleEntry)> {
    let mut entries: Vec<_> =
        entries.iter().filter(|(key, _)| *key != DEFAULTS).map(|(key, entry)| (key.as_str(), entry)).collect();
    entries.sort_by_key(|(key, _)| (!key.contains('*'), key.len()));
    entries
}

/// The ids that `key` names: itself, or all that it matches when it holds a `*`.
fn selected(key: &str, known: &RuleSet) -> Result<Vec<String>, Mistake> {
    if !key.contains('*') {
        return known.find(key).map(|rule| vec![rule.id.clone()]).ok_or_else(|| no_such_rule(key, known));
    }
    let glob =
        Glob::new(key).map_err(|error| Mistake::new(format!("this is no pattern of rule ids: {error}")))?.compile_matcher();
    let ids: Vec<String> = known.rules().iter().map(|rule| rule.id.clone()).filter(|id| glob.is_match(id)).collect();
    if ids.is_empty() {
        return Err(Mistake::new(format!("no rule has an id like `{key}`")).hint("`keyward rules list` lists them"));
    }
    Ok(ids)
}
