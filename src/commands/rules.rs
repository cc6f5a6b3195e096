//! `keyward rules`: what is looked for, and the proof that it is found.

use crate::cli::{self, RulesFrom};
use crate::config::{Config, Lookup};
use crate::error::Error;
use crate::rule::{Rule, Shape};
use crate::scan::{Scanner, check, judge};
use std::io::{self, Write};

/// Runs `keyward rules`.
///
/// # Errors
/// When rules cannot be loaded, or there is none of the id asked for.
pub fn run(arguments: &cli::Rules) -> Result<u8, Error> {
    let mut out = io::stdout().lock();
    match arguments {
        cli::Rules::List(from) => list(&load(from)?, &mut out),
        cli::Rules::Show { id, from } => show(&load(from)?, id, &mut out),
        cli::Rules::Check(from) => check_all(&load(from)?, &mut out),
    }
}

fn load(from: &RulesFrom) -> Result<Scanner, Error> {
    let config = Config::load(&Lookup { file: from.config.as_deref(), near: &[], rules: &from.rules })?;
    // Rules must hold for what is reported unless less is asked for.
    Scanner::new(config.rules, judge::MEDIUM).map_err(Error::new)
}

fn list(scanner: &Scanner, out: &mut dyn Write) -> Result<u8, Error> {
    for rule in scanner.rules().rules() {
        writeln!(out, "{:<40} {:<9} {}", rule.id, rule.severity, rule.name).map_err(Error::new)?;
    }
    Ok(0)
}

fn show(scanner: &Scanner, id: &str, out: &mut dyn Write) -> Result<u8, Error> {
    let rule = scanner
        .rules()
        .find(id)
        .ok_or_else(|| Error::new(format!("there is no rule {id}")).hint("`keyward rules list` lists them all"))?;
    write_rule(rule, out).map_err(Error::new)?;
    Ok(0)
}

fn write_rule(rule: &Rule, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}  {}", rule.id, rule.name)?;
    writeln!(out, "provider:      {} ({})", rule.provider.name, rule.provider.url)?;
    writeln!(out, "severity:      {}   confidence: {}", rule.severity, rule.confidence)?;
    match &rule.shape {
        Shape::Format { anchors, pattern } => {
            writeln!(out, "anchors:       {}", anchors.join(" · "))?;
            writeln!(out, "pattern:       {pattern}")?;
        }
        Shape::Near { words, value } => {
            writeln!(out, "near:          {}", words.join(" · "))?;
            writeln!(out, "value:         {value}")?;
        }
        Shape::Assignment { names, .. } => writeln!(out, "names:         {}", names.join(" · "))?,
    }
    writeln!(out, "documentation: {}", rule.documentation)?;
    writeln!(out, "revoke:        {}", rule.revoke)?;
    writeln!(out, "rotate:        {}", rule.rotate)?;
    for (number, example) in rule.examples.iter().enumerate() {
        let text = check::expand(rule, number, example).unwrap_or_else(|_| example.clone());
        writeln!(out, "finds:         {}", text.replace('\n', "\n               "))?;
    }
    for example in &rule.non_examples {
        writeln!(out, "leaves:        {}", example.replace('\n', "\n               "))?;
    }
    Ok(())
}

fn check_all(scanner: &Scanner, out: &mut dyn Write) -> Result<u8, Error> {
    let checked = check::check(scanner);
    let mut write = || -> io::Result<()> {
        for fault in &checked.faults {
            writeln!(out, "{fault}")?;
        }
        for overlap in &checked.overlaps {
            writeln!(out, "note: {} finds an example of {} too", overlap.also, overlap.rule)?;
        }
        writeln!(out, "{} rules, {} examples, {} faults", checked.rules, checked.examples, checked.faults.len())
    };
    write().map_err(Error::new)?;
    Ok(u8::from(!checked.faults.is_empty()))
}
