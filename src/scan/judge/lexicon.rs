//! The words that names and stand-in values are made of, and how much letters read like words at all.

use std::ops::Range;
use std::sync::LazyLock;

/// What a name says its value is, by its most telling word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    Other,
    Password,
    Secret,
    Token,
    Key,
    Auth,
    Credential,
    Scheme,
}

/// What the other words of a name are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum NameGroup {
    /// Whose it is: user, admin, root, a database.
    Account,
    Api,
    Public,
    /// Keys of ciphers and signatures.
    Crypto,
    Client,
    Session,
    Id,
    /// Where something is: url, path, file, host.
    Place,
    /// How much or when: length, expiry, count.
    Measure,
    /// What people read: label, message, hint.
    Text,
    /// A part of a program: field, header, class, provider.
    Field,
    Digest,
    /// A switch or an action: enabled, is, reset, confirm.
    Verb,
    /// Keys of maps and tables.
    Index,
    Vendor,
    Sample,
}

impl NameGroup {
    pub const ALL: [Self; 16] = [
        Self::Account,
        Self::Api,
        Self::Public,
        Self::Crypto,
        Self::Client,
        Self::Session,
        Self::Id,
        Self::Place,
        Self::Measure,
        Self::Text,
        Self::Field,
        Self::Digest,
        Self::Verb,
        Self::Index,
        Self::Vendor,
        Self::Sample,
    ];
}

/// What the words of a name add up to.
pub struct NameWords {
    pub kind: Kind,
    /// For each [`NameGroup`]: 1 before the keyword, 2 behind it, 3 both.
    pub groups: [u8; 16],
    /// Words behind the keyword.
    pub after: i32,
    /// Words before it.
    pub before: i32,
}

/// What one known word says.
#[derive(Clone, Copy)]
enum Meaning {
    Kind(Kind),
    Group(NameGroup),
}

/// The words of names.
const NAME_WORDS: &[(Meaning, &[&str])] = &[
    (
        Meaning::Kind(Kind::Password),
        &[
            "password",
            "passwd",
            "pass",
            "pwd",
            "passphrase",
            "passcode",
            "passwort",
            "pw",
            "psw",
            "pswd",
            "contrasena",
            "senha",
            "motdepasse",
            "wachtwoord",
            "parola",
            "identified",
            "sshpass",
        ],
    ),
    (Meaning::Kind(Kind::Secret), &["secret", "secrets", "seed", "mnemonic", "otp", "totp"]),
    (Meaning::Kind(Kind::Token), &["token", "tokens", "jwt"]),
    (Meaning::Kind(Kind::Key), &["key", "keys", "apikey"]),
    (Meaning::Kind(Kind::Auth), &["auth", "authorization", "authentication", "oauth", "verifier"]),
    (Meaning::Kind(Kind::Credential), &["credential", "credentials", "cred", "creds"]),
    (Meaning::Kind(Kind::Scheme), &["bearer", "basic", "ntlm"]),
    (
        Meaning::Group(NameGroup::Account),
        &[
            "user",
            "admin",
            "root",
            "db",
            "database",
            "mysql",
            "postgres",
            "postgresql",
            "pg",
            "sql",
            "mssql",
            "oracle",
            "redis",
            "mongo",
            "mongodb",
            "rabbitmq",
            "amqp",
            "smtp",
            "mail",
            "email",
            "ldap",
            "bind",
            "ftp",
            "ssh",
            "sftp",
            "vnc",
            "wifi",
            "proxy",
            "account",
            "master",
            "default",
            "sa",
            "sys",
            "system",
            "keystore",
            "truststore",
            "store",
            "login",
            "jdbc",
            "datasource",
            "domain",
            "sudo",
            "become",
            "server",
            "host",
            "service",
            "app",
        ],
    ),
    (Meaning::Group(NameGroup::Api), &["api", "access", "rest", "webhook", "deploy", "write", "read"]),
    (Meaning::Group(NameGroup::Public), &["public", "pub", "publishable", "site", "cert", "certificate", "ca", "ssl"]),
    (
        Meaning::Group(NameGroup::Crypto),
        &[
            "private",
            "priv",
            "encryption",
            "encrypt",
            "decrypt",
            "cipher",
            "crypt",
            "crypto",
            "aes",
            "des",
            "hmac",
            "sign",
            "signing",
            "signature",
            "shared",
            "psk",
            "rsa",
            "ec",
            "ed25519",
            "symmetric",
            "session",
            "validation",
            "machine",
        ],
    ),
    (
        Meaning::Group(NameGroup::Client),
        &["client", "consumer", "application", "refresh", "customer", "tenant", "merchant", "partner"],
    ),
    (
        Meaning::Group(NameGroup::Session),
        &["session", "cookie", "sid", "csrf", "xsrf", "remember", "nonce", "state", "salt", "iv"],
    ),
    (Meaning::Group(NameGroup::Id), &["id", "ids", "identifier", "uuid", "guid", "no", "number", "num", "version", "kid"]),
    (
        Meaning::Group(NameGroup::Place),
        &[
            "url",
            "uri",
            "endpoint",
            "path",
            "file",
            "filename",
            "dir",
            "directory",
            "folder",
            "location",
            "address",
            "port",
            "link",
            "href",
            "src",
            "bucket",
            "region",
            "ref",
            "reference",
            "manager",
            "arn",
            "vault",
        ],
    ),
    (
        Meaning::Group(NameGroup::Measure),
        &[
            "length",
            "len",
            "size",
            "count",
            "min",
            "max",
            "expires",
            "expiry",
            "expiration",
            "expire",
            "ttl",
            "timeout",
            "time",
            "date",
            "at",
            "age",
            "lifetime",
            "limit",
            "strength",
            "bits",
            "days",
            "hours",
            "minutes",
            "seconds",
            "rounds",
            "retries",
            "attempts",
            "usage",
            "total",
        ],
    ),
    (
        Meaning::Group(NameGroup::Text),
        &[
            "label",
            "title",
            "text",
            "message",
            "msg",
            "error",
            "err",
            "hint",
            "placeholder",
            "description",
            "desc",
            "help",
            "prompt",
            "caption",
            "string",
            "display",
            "tooltip",
            "notice",
            "info",
            "warning",
            "invalid",
            "mismatch",
        ],
    ),
    (
        Meaning::Group(NameGroup::Field),
        &[
            "field",
            "input",
            "param",
            "parameter",
            "params",
            "column",
            "attribute",
            "attr",
            "prop",
            "property",
            "header",
            "prefix",
            "suffix",
            "regex",
            "pattern",
            "policy",
            "provider",
            "handler",
            "class",
            "factory",
            "controller",
            "view",
            "form",
            "page",
            "route",
            "type",
            "kind",
            "format",
            "mode",
            "method",
            "algorithm",
            "alg",
            "scheme",
            "grant",
            "scope",
            "scopes",
            "issuer",
            "audience",
            "config",
            "options",
            "settings",
            "command",
            "cmd",
            "env",
            "variable",
            "var",
            "name",
            "names",
            "template",
            "list",
            "map",
            "set",
            "object",
            "node",
            "element",
            "button",
            "box",
            "model",
            "schema",
            "request",
            "response",
            "event",
            "callback",
            "function",
            "validator",
            "encoder",
            "generator",
            "strategy",
            "module",
            "package",
            "interface",
            "data",
            "info",
        ],
    ),
    (
        Meaning::Group(NameGroup::Digest),
        &[
            "hash",
            "hashed",
            "encrypted",
            "wrapped",
            "digest",
            "fingerprint",
            "checksum",
            "thumbprint",
            "sha",
            "sha1",
            "sha256",
            "md5",
            "bcrypt",
        ],
    ),
    (
        Meaning::Group(NameGroup::Verb),
        &[
            "is",
            "has",
            "use",
            "uses",
            "need",
            "needs",
            "require",
            "required",
            "requires",
            "allow",
            "show",
            "hide",
            "enable",
            "enabled",
            "disable",
            "disabled",
            "toggle",
            "forgot",
            "forget",
            "reset",
            "change",
            "changed",
            "update",
            "updated",
            "confirm",
            "confirmation",
            "check",
            "verify",
            "valid",
            "validate",
            "generate",
            "generated",
            "create",
            "created",
            "get",
            "set",
            "delete",
            "remove",
            "revoke",
            "revoked",
            "save",
            "load",
            "find",
            "parse",
            "with",
            "without",
            "no",
            "not",
            "on",
            "missing",
            "empty",
            "wrong",
            "bad",
        ],
    ),
    (
        Meaning::Group(NameGroup::Index),
        &[
            "primary",
            "foreign",
            "partition",
            "sort",
            "cache",
            "unique",
            "composite",
            "hot",
            "shortcut",
            "arrow",
            "row",
            "hash",
            "range",
            "lookup",
            "group",
            "parent",
            "child",
            "first",
            "last",
            "next",
            "prev",
            "dict",
            "index",
            "entry",
            "routing",
            "metric",
            "config",
            "translation",
            "feature",
            "data",
            "value",
            "values",
            "item",
            "property",
            "registry",
            "json",
            "sub",
            "left",
            "right",
            "order",
            "tag",
            "join",
            "query",
            "search",
            "storage",
            "page",
            "continuation",
            "cursor",
            "lexer",
            "parser",
            "syntax",
            "enter",
            "escape",
            "tab",
            "space",
        ],
    ),
    (
        Meaning::Group(NameGroup::Vendor),
        &[
            "aws",
            "github",
            "gitlab",
            "google",
            "azure",
            "slack",
            "stripe",
            "twilio",
            "heroku",
            "npm",
            "docker",
            "twitter",
            "facebook",
            "telegram",
            "discord",
            "openai",
            "sendgrid",
            "mailgun",
            "cloudflare",
            "digitalocean",
            "dropbox",
            "algolia",
            "sentry",
            "datadog",
            "firebase",
            "okta",
            "auth0",
            "shopify",
            "paypal",
            "alipay",
            "wechat",
            "weixin",
            "qq",
            "aliyun",
            "tencent",
            "baidu",
        ],
    ),
    (
        Meaning::Group(NameGroup::Sample),
        &[
            "test", "testing", "example", "sample", "demo", "dummy", "fake", "mock", "expected", "temp", "tmp", "stub", "foo",
            "my",
        ],
    ),
];

/// The words that stand-in values are made of.
const FILLERS: &[&str] = &[
    "test",
    "tests",
    "testing",
    "tester",
    "example",
    "examples",
    "sample",
    "demo",
    "dummy",
    "fake",
    "mock",
    "foo",
    "bar",
    "baz",
    "foobar",
    "qux",
    "my",
    "your",
    "the",
    "password",
    "passwords",
    "passwd",
    "pass",
    "pwd",
    "pw",
    "passphrase",
    "secret",
    "secrets",
    "token",
    "tokens",
    "key",
    "keys",
    "api",
    "auth",
    "oauth",
    "credential",
    "credentials",
    "user",
    "username",
    "users",
    "name",
    "names",
    "admin",
    "administrator",
    "root",
    "login",
    "value",
    "values",
    "string",
    "str",
    "changeme",
    "change",
    "changeit",
    "replace",
    "insert",
    "here",
    "placeholder",
    "default",
    "some",
    "something",
    "any",
    "anything",
    "random",
    "xxx",
    "xxxx",
    "abc",
    "abcd",
    "hello",
    "world",
    "none",
    "null",
    "nil",
    "undefined",
    "true",
    "false",
    "yes",
    "no",
    "empty",
    "blank",
    "invalid",
    "valid",
    "wrong",
    "incorrect",
    "correct",
    "new",
    "old",
    "bad",
    "good",
    "super",
    "hidden",
    "redacted",
    "removed",
    "private",
    "public",
    "access",
    "refresh",
    "client",
    "consumer",
    "server",
    "data",
    "database",
    "base",
    "db",
    "id",
    "field",
    "input",
    "type",
    "text",
    "required",
    "optional",
    "must",
    "not",
    "is",
    "are",
    "this",
    "that",
    "it",
    "an",
    "of",
    "in",
    "to",
    "for",
    "with",
    "and",
    "or",
    "on",
    "by",
    "from",
    "enter",
    "confirm",
    "confirmation",
    "reset",
    "forgot",
    "hash",
    "hashed",
    "encrypted",
    "plain",
    "url",
    "uri",
    "path",
    "file",
    "config",
    "env",
    "variable",
    "var",
    "param",
    "session",
    "cookie",
    "service",
    "account",
    "email",
    "mail",
    "app",
    "application",
    "web",
    "http",
    "https",
    "com",
    "org",
    "basic",
    "bearer",
    "jwt",
    "signing",
    "signature",
    "sign",
    "encryption",
    "generated",
    "generate",
    "unset",
    "missing",
    "unknown",
    "expired",
    "temp",
    "temporary",
    "unsafe",
    "insecure",
    "safe",
    "strong",
    "weak",
    "long",
    "short",
    "very",
    "really",
    "should",
    "be",
    "do",
    "dont",
    "don",
    "use",
    "used",
    "only",
    "please",
    "put",
    "set",
    "get",
    "add",
    "update",
    "delete",
    "create",
    "first",
    "second",
    "third",
    "one",
    "two",
    "three",
    "other",
    "another",
    "same",
    "different",
    "current",
    "next",
    "prev",
    "previous",
    "last",
    "local",
    "localhost",
    "remote",
    "dev",
    "development",
    "prod",
    "production",
    "staging",
    "stage",
    "master",
    "main",
    "local",
    "shared",
    "code",
    "number",
    "list",
    "array",
    "object",
    "json",
    "xml",
    "yaml",
    "html",
    "header",
    "body",
    "query",
    "request",
    "response",
    "error",
    "message",
    "not",
    "found",
    "supported",
    "version",
    "format",
    "method",
    "provider",
    "manager",
    "factory",
    "handler",
    "policy",
    "scope",
    "state",
    "store",
    "storage",
    "aws",
    "github",
    "google",
    "azure",
    "slack",
    "docker",
    "postgres",
    "mysql",
    "redis",
    "mongo",
    "rabbitmq",
    "guest",
    "ssh",
    "rsa",
    "pem",
    "cert",
    "certificate",
    "ca",
    "tls",
    "ssl",
];

/// Words that say a line is a test or an example.
const TEST_WORDS: &[&str] = &[
    "assert", "expect", "should", "throw", "raise", "error", "log", "print", "describe", "example", "mock", "fake", "import",
    "require", "return", "function", "def", "case", "if",
];

/// A list of words, found by their first two letters.
struct Words {
    /// The words that start with each pair of letters, longest first, each with its place in the list it came from.
    by_letters: Vec<Vec<(&'static [u8], usize)>>,
}

impl Words {
    fn new(words: impl Iterator<Item = (&'static str, usize)>) -> Self {
        let mut by_letters = vec![Vec::new(); 26 * 26];
        for (word, meaning) in words {
            if let Some(place) = Self::place(word.as_bytes()) {
                by_letters[place].push((word.as_bytes(), meaning));
            }
        }
        for list in &mut by_letters {
            list.sort_by_key(|(word, _): &(&[u8], usize)| std::cmp::Reverse(word.len()));
        }
        Self { by_letters }
    }

    /// Where the words that begin as `text` does are kept.
    #[inline]
    fn place(text: &[u8]) -> Option<usize> {
        let letter = |at: usize| text.get(at).map(|byte| (byte | 0x20).wrapping_sub(b'a')).filter(|&letter| letter < 26);
        Some(usize::from(letter(0)?) * 26 + usize::from(letter(1)?))
    }

    /// The longest word that `text` starts with: its length and its place in the list.
    fn longest(&self, text: &[u8]) -> Option<(usize, usize)> {
        self.by_letters[Self::place(text)?]
            .iter()
            .find(|(word, _)| text.len() >= word.len() && text[..word.len()].eq_ignore_ascii_case(word))
            .map(|(word, meaning)| (word.len(), *meaning))
    }
}

static NAMES: LazyLock<Words> = LazyLock::new(|| {
    let words = NAME_WORDS.iter().enumerate().flat_map(|(index, (_, words))| words.iter().map(move |word| (*word, index)));
    Words::new(words)
});
static FILLER_WORDS: LazyLock<Words> = LazyLock::new(|| Words::new(FILLERS.iter().map(|word| (*word, 0))));
static TESTS: LazyLock<Words> = LazyLock::new(|| Words::new(TEST_WORDS.iter().map(|word| (*word, 0))));

/// Whether a word may start at `at`: behind what is no letter, or at a capital behind a small letter.
fn starts_word(text: &[u8], at: usize) -> bool {
    let Some(before) = at.checked_sub(1).map(|before| text[before]) else { return true };
    let here = text[at];
    !before.is_ascii_alphabetic()
        || before.is_ascii_lowercase() && here.is_ascii_uppercase()
        || here.is_ascii_uppercase() && text.get(at + 1).is_some_and(u8::is_ascii_lowercase)
}

/// Splits `name` into words and says what they mean; `keyword` is the part it was found by.
pub fn name_words(name: &[u8], keyword: &Range<usize>) -> NameWords {
    let mut words = NameWords { kind: Kind::Other, groups: [0; 16], after: 0, before: 0 };
    let mut at = 0;
    let mut known = false;
    while at < name.len() {
        let begins = starts_word(name, at);
        if begins && name[at].is_ascii_alphabetic() && !keyword.contains(&at) {
            if at >= keyword.end { words.after += 1 } else { words.before += 1 }
        }
        // Words run together (`dbpassword`) are told apart only behind a known one or at the keyword.
        let found = if begins || known || keyword.start == at { NAMES.longest(&name[at..]) } else { None };
        let Some((length, meaning)) = found else {
            known = false;
            at += 1;
            continue;
        };
        let side = if at >= keyword.end { 2 } else { 1 };
        match NAME_WORDS[meaning].0 {
            // The last kind counts: a `token_secret` is a secret, a `secret_key` a key. A password stays one.
            Meaning::Kind(kind) => {
                if words.kind != Kind::Password {
                    words.kind = kind;
                }
            }
            Meaning::Group(group) => words.groups[group as usize] |= side,
        }
        known = true;
        at += length;
    }
    words
}

/// How much of a value stand-in words cover.
pub struct Fillers {
    pub letters: i32,
    pub words: i32,
}

/// Covers the letters of `value` with stand-in words, from left to right.
pub fn fillers(value: &[u8]) -> Fillers {
    let mut found = Fillers { letters: 0, words: 0 };
    let mut at = 0;
    let value = &value[..value.len().min(120)];
    while at < value.len() {
        match FILLER_WORDS.longest(&value[at..]) {
            // Short words hide in anything: they count only where a word starts and ends.
            Some((length, _))
                if length > 3
                    || starts_word(value, at)
                        && (at + length == value.len()
                            || starts_word(value, at + length)
                            || !value[at + length].is_ascii_alphabetic()) =>
            {
                found.letters += length as i32;
                found.words += 1;
                at += length;
            }
            _ => at += 1,
        }
    }
    found
}

/// What the function around a value is for: 0 none, 1 reads the environment or the like, 2 decodes, 3 looks up a text or a
/// setting, 4 makes a thing, 5 other.
pub fn wrapper(name: &[u8]) -> i32 {
    if name.is_empty() {
        return 0;
    }
    let holds =
        |words: &[&str]| words.iter().any(|word| name.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes())));
    match () {
        () if holds(&["env", "prompt", "input", "ask", "arg", "param"]) => 1,
        () if holds(&["decode", "unhex", "hex", "base64", "b64", "bytes", "buffer", "securestring", "from"]) => 2,
        () if holds(&[
            "get", "find", "lookup", "config", "setting", "trans", "i18n", "gettext", "option", "field", "read", "load", "path",
            "file", "fetch",
        ]) =>
        {
            3
        }
        () if name.starts_with(b"new ") || holds(&["new", "create", "string", "str", "make"]) => 4,
        () => 5,
    }
}

/// How many words before a name in its line say that it is a test, a message or a declaration.
pub fn count_test_words(before: &[u8]) -> i32 {
    let mut count = 0;
    for at in 0..before.len() {
        if before[at].is_ascii_alphabetic() && starts_word(before, at) && TESTS.longest(&before[at..]).is_some() {
            count += 1;
        }
    }
    count.min(4)
}

/// Whether a user name is set in `text`.
pub fn holds_user(text: &[u8]) -> bool {
    let mut at = 0;
    while let Some(found) = memchr::memchr2(b'u', b'U', &text[at..]) {
        at += found;
        if text[at..].len() >= 4 && text[at..at + 4].eq_ignore_ascii_case(b"user") {
            return true;
        }
        at += 1;
    }
    false
}

/// How much the letters of a value read like words: the more below zero, the less. In sixteenths of a bit.
pub struct Likeness {
    /// The mean over all letters.
    pub mean: i32,
    /// The mean over the letter run that is least like words, of those of four letters or more.
    pub least: i32,
    /// The sum over all letters, in bits.
    pub sum: i32,
}

/// How surprising each letter is after the two before it, in sixteenths of a bit; 27 by 27 by 27, 0 being what is no letter.
static LETTERS: &[u8] = include_bytes!("letters.bin");

/// Measures how much `value` reads like words.
pub fn likeness(value: &[u8]) -> Likeness {
    let letter = |byte: u8| if byte.is_ascii_alphabetic() { usize::from(byte.to_ascii_lowercase() - b'a') + 1 } else { 0 };
    let (mut total, mut count, mut worst) = (0i32, 0i32, 0i32);
    let (mut run_total, mut run_count) = (0i32, 0i32);
    let (mut a, mut b) = (0, 0);
    let mut close = |run_total: &mut i32, run_count: &mut i32| {
        if *run_count >= 4 {
            worst = worst.max(*run_total / *run_count);
        }
        *run_total = 0;
        *run_count = 0;
    };
    for (index, &byte) in value.iter().take(200).enumerate() {
        let c = letter(byte);
        // A capital behind a small letter starts a new word.
        if c != 0 && index > 0 && starts_word(value, index) {
            (a, b) = (0, 0);
        }
        if c == 0 {
            close(&mut run_total, &mut run_count);
            (a, b) = (0, 0);
            continue;
        }
        let cost = i32::from(LETTERS.get((a * 27 + b) * 27 + c).copied().unwrap_or(0));
        total += cost;
        count += 1;
        run_total += cost;
        run_count += 1;
        (a, b) = (b, c);
    }
    close(&mut run_total, &mut run_count);
    Likeness { mean: if count > 0 { total / count } else { 0 }, least: worst, sum: total / 16 }
}
