#!/usr/bin/env python3
"""Writes labelled cases as small files, as they are and with their credentials replaced by generated ones.

usage: augment.py CASES.jsonl[.xz] KIND OUT      KIND: plain, human, random, lines

`plain` changes nothing; `human` puts generated human-chosen passwords where a credential has the shape of a word; `random` puts random
strings where any one-line credential stands. `lines` takes no cases: it writes assignments in many notations with generated values.
OUT/labels.jsonl holds {file, repo, line, start, stop, label, category} for every labelled value (characters, 1-based lines).
"""
import json, lzma, os, random, sys

import values

SOFT = {'UUID', 'Salt', 'Nonce', 'Other', 'AWS S3 Bucket', 'Firebase Domain', 'Tencent WeChat API App ID'}
FIXED = {'JSON Web Token', 'AWS Client ID', 'Google Multi', 'PEM Private Key', 'BASE64 Private Key', 'JWK', 'Twilio Credentials'}


def load(path):
    with (lzma.open(path, 'rt', encoding='utf-8') if path.endswith('.xz') else open(path, encoding='utf-8')) as f:
        return [json.loads(line) for line in f]


def replace(case, kind, rng):
    """The text of `case` with credentials replaced, and its labels moved accordingly."""
    lines = case['text'].split('\n')
    labels = [dict(label) for label in case['labels']]
    for label in sorted(labels, key=lambda l: (l['line'], -l['start'])):
        one_line = label['line'] == label['end'] and 0 <= label['start'] < label['stop']
        categories = set(label['category'].split(':'))
        if kind == 'plain' or label['label'] != 'T' or not one_line or categories <= SOFT or categories & FIXED:
            continue
        line = lines[label['line'] - 1]
        old = line[label['start']:label['stop']]
        if kind == 'human' and not values.plain(old):
            continue
        new = values.human(rng) if kind == 'human' else values.randoms(rng)
        before, behind = line[:label['start']], line[label['stop']:]
        if old.count(old[0]) == len(old) or any(c in new for c in '"\'\\` ') and not before.endswith(('"', "'")):
            continue
        lines[label['line'] - 1] = before + new + behind
        shift = len(new) - len(old)
        for other in labels:
            if other is not label and other['line'] == label['line'] and other['start'] >= label['stop']:
                other['start'] += shift
                other['stop'] += shift if other['end'] == other['line'] else 0
        label['stop'] += shift
        label['changed'] = True
    return '\n'.join(lines), labels


NAMES = ('password db_password DB_PASSWORD dbPassword secret client_secret clientSecret SECRET_KEY secretKey api_key API_KEY apiKey token access_token '
         'ACCESS_TOKEN accessToken auth_token AUTH_TOKEN private_key encryption_key ENCRYPTION_KEY passphrase admin_password ADMIN_PASSWORD '
         'smtp_password jwt_secret JWT_SECRET signing_key credentials user_pass passwd pwd MYSQL_ROOT_PASSWORD postgresPassword redis.password '
         'spring.datasource.password app.secret-key webhook_secret refresh_token api_token API_TOKEN session_secret cipherKey aesKey AES_KEY hmacKey signingKey '
         'setCipherKey setSecretKey setPassword setToken setApiKey oauth_token consumer_secret consumerSecret').split()
FORMS = ['{n}: {v}', '{n}: "{v}"', "{n}: '{v}'", '  {n}: {v}', '{n}={v}', '{n} = {v}', '{n} = "{v}"', "{n} = '{v}'", '  "{n}": "{v}",', '"{n}": "{v}"', 'export {n}="{v}"',
         'ENV {n}={v}', 'const {n} = "{v}";', "const {n} = '{v}';", 'String {n} = "{v}";', '  {n} => "{v}",', "    '{n}' => '{v}',", '<{n}>{v}</{n}>', '--{n}={v}', '--{n} {v}',
         '$this->{n} = "{v}";', '{n} := "{v}"', 'private static final String {n} = "{v}";', '- {n}={v}', '  - name: {n}\n    value: "{v}"', 'set {n} "{v}"', '.{n}("{v}")', '{n}("{v}")',
         '# {n} = {v}', '// {n}: "{v}"', 'login(user="admin", {n}="{v}")', '{{"user": "bob", "{n}": "{v}"}}', '<add key="{n}" value="{v}"/>', 'connect(host, {n}=\'{v}\')',
         '{n} = Base64.decode("{v}");', 'manager.{n}(Base64.getDecoder().decode("{v}"));', 'model.{n}("{v}");', '{n} = bytes.fromhex("{v}")', 'const {n} = Buffer.from(\'{v}\', \'hex\')', 'let {n} = b"{v}";',
         '{n}, _ := hex.DecodeString("{v}")', '{n}: {v}', '{n}: {v}', '{n}: {v}', '{n}={v}', '{n}={v}', '{n} = {v}', 'request.{n} = "{v}"', 'curl -H "{n}: {v}" https://api.internal/v1/']


def write_lines(out, rng):
    """One file of a line for each of some thousand assignments."""
    with open(os.path.join(out, 'labels.jsonl'), 'w') as labels:
        for index in range(8000):
            name, form = rng.choice(NAMES), rng.choice(FORMS)
            value = values.human(rng) if rng.random() < 0.35 else values.randoms(rng)
            quoted = '"{v}"' in form or "'{v}'" in form
            if not quoted and (' ' in value or '<' in value and '<{n}>' in form):
                continue
            text = form.replace('{{', '\1').replace('}}', '\2').replace('{n}', name).replace('{v}', value).replace('\1', '{').replace('\2', '}')
            folder = os.path.join(out, f'line{index % 97:02d}')
            os.makedirs(folder, exist_ok=True)
            path = os.path.join(folder, f'{index:05d}.txt')
            open(path, 'w').write('# settings\n' * rng.randint(0, 2) + text + '\n')
            whole = open(path).read()
            at = whole.index(value)
            line = whole.count('\n', 0, at) + 1
            start = at - (whole.rfind('\n', 0, at) + 1)
            labels.write(json.dumps(dict(file=path, repo=f'line{index % 97}', line=line, start=start, stop=start + len(value), label='T', category='Generated', changed=True)) + '\n')


def main(cases, kind, out):
    rng = random.Random(f'keyward {kind}')
    os.makedirs(out, exist_ok=True)
    if kind == 'lines':
        return write_lines(out, rng)
    with open(os.path.join(out, 'labels.jsonl'), 'w') as f:
        for case in load(cases):
            text, labels = replace(case, kind, rng)
            path = os.path.join(out, f"case{case['id']:05d}", case['repo'], case['path'])
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, 'w', encoding='utf-8', newline='') as file:
                file.write(text)
            for label in labels:
                f.write(json.dumps(dict(label, file=path, repo=case['repo'])) + '\n')


main(*sys.argv[1:])
