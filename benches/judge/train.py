#!/usr/bin/env python3
"""Trains the judge: reads candidates with features as the scanner writes them, fits small trees, writes the table the scanner embeds.

usage: train.py WORK [--model OUT] [--trees N] [--leaves N]

WORK holds, for each kind in plain, human, random, lines, words: KIND/labels.jsonl (augment.py) and KIND.jsonl (candidates with features);
and code.jsonl, the candidates of popular code, all taken for no credentials. Prints cross-validated figures (by repository: no line is judged by a
model that saw its repository), then fits all of it and writes OUT.
"""
import argparse, collections, hashlib, json, math, os, random, struct, zlib

import lightgbm as lgb
import numpy as np

SOFT = {'UUID', 'Salt', 'Nonce', 'Other', 'AWS S3 Bucket', 'Firebase Domain', 'Tencent WeChat API App ID'}
FOLDS = 5


def read(work, kind):
    """The candidates of a kind as (rows, features); a row says where it stands and what it is: 1, 0, or None for neither."""
    labels = collections.defaultdict(list)
    repo_of = {}
    for line in open(os.path.join(work, kind, 'labels.jsonl')):
        label = json.loads(line)
        labels[label['file']].append(label)
        repo_of[label['file']] = label['repo']
    rows, cells = [], []
    for line in open(os.path.join(work, kind + '.jsonl')):
        found = json.loads(line)
        if 'features' not in found:
            continue
        path = found['file']
        repo = repo_of.get(path) or path.split('/case')[-1].split('/')[1]
        truth, changed = 0, False
        for label in labels.get(path, ()):
            if not label['line'] <= found['line'] <= label['end' if 'end' in label else 'line'] or label['label'] != 'T':
                continue
            soft = set(label['category'].split(':')) <= SOFT
            whole = label.get('end', label['line']) != label['line'] or label['start'] < 0 or label['stop'] <= label['start']
            overlap = whole or min(found['column'] + found['length'], label['stop']) - max(found['column'], label['start']) >= 0.6 * (label['stop'] - label['start'])
            if soft:
                truth = None if truth == 0 else truth
            elif overlap:
                truth, changed = 1, label.get('changed', False)
            elif truth == 0:
                truth = None
        rows.append(dict(file=path, repo=repo, line=found['line'], truth=truth, changed=changed))
        cells.append(found['features'])
    return rows, np.array(cells, dtype=np.int16)


def fold_of(repo):
    return zlib.crc32(repo.encode()) % FOLDS


def fit(x, y, w, options):
    params = dict(objective='binary', num_leaves=options.leaves, learning_rate=options.rate, min_child_samples=20, feature_fraction=0.4, bagging_fraction=0.8,
                  bagging_freq=1, lambda_l2=3.0, max_bin=63, seed=7, deterministic=True, force_row_wise=True, num_threads=1, verbose=-1)
    return lgb.train(params, lgb.Dataset(x, y, weight=w, free_raw_data=False), options.trees)


def training_set(sets, code, keep):
    """The rows to learn from, of repositories that `keep` says yes to."""
    xs, ys, ws = [], [], []
    for kind, (rows, cells) in sets.items():
        weight = dict(plain=1.0, human=0.7, random=0.5, lines=0.5)[kind]
        for row, cell in zip(rows, cells):
            if row['truth'] is None or not keep(row['repo']):
                continue
            if kind != 'plain' and not (row['truth'] == 1 and row['changed']):
                continue
            xs.append(cell); ys.append(row['truth']); ws.append(weight)
    rows, cells = code
    for row, cell in zip(rows, cells):
        if keep(row):
            xs.append(cell); ys.append(0); ws.append(CODE_WEIGHT)
    return np.array(xs), np.array(ys), np.array(ws)


CODE_WEIGHT = 1.0


def read_code(work):
    """Candidates of popular code, each distinct one once, with the folder they stand in as repository."""
    rows, cells, seen = [], [], set()
    for line in open(os.path.join(work, 'code.jsonl')):
        found = json.loads(line)
        key = tuple(found['features']) if 'features' in found else None
        if key is None or key in seen or zlib.crc32(repr(key).encode()) % 2:
            continue
        seen.add(key)
        rows.append('code' + str(zlib.crc32(found['file'].encode()) % 97))
        cells.append(found['features'])
    return rows, np.array(cells, dtype=np.int16)


def by_line(rows, scores, labels_path):
    """The best score of each line with a candidate, whether it is wanted, and how many wanted lines there are in all."""
    best, neutral, spans, want = {}, set(), collections.defaultdict(list), set()
    for line in open(labels_path):
        label = json.loads(line)
        if label['label'] != 'T':
            continue
        soft = set(label['category'].split(':')) <= SOFT
        key = (label['file'], label['line'], label['end'])
        if not soft:
            want.add(key)
        for at in range(label['line'], label['end'] + 1):
            spans[label['file'], at].append((key, soft))
    for row, score in zip(rows, scores):
        key = row['file'], row['line']
        best[key] = max(best.get(key, 0), score)
    lines = []
    for key, score in best.items():
        over = spans.get(key, [])
        hard = [k for k, soft in over if not soft]
        if over and not hard:
            continue
        lines.append((score, bool(hard), hard, key))
    return lines, want


def curve(lines, want, points):
    out = []
    for cut in points:
        tp = sum(1 for s, t, _, _ in lines if s >= cut and t)
        fp = sum(1 for s, t, _, _ in lines if s >= cut and not t)
        found = {k for s, t, ks, _ in lines if s >= cut for k in ks}
        p, r = tp / max(1, tp + fp), len(found & want) / max(1, len(want))
        out.append((cut, p, r, 2 * p * r / max(1e-9, p + r), tp, fp))
    return out


def pack(booster, scale, offset):
    """The table of the trees, as src/scan/judge/model.rs reads it."""
    trees = booster.dump_model()['tree_info']
    out = bytearray(struct.pack('<Hff', len(trees), scale, offset))
    for tree in trees:
        nodes, leaves = [], []
        def walk(node):
            if 'leaf_value' in node:
                leaves.append(max(-32768, min(32767, round(node['leaf_value'] * 4096))))
                return 0x80 | (len(leaves) - 1)
            at = len(nodes)
            nodes.append(None)
            assert node['decision_type'] == '<='
            left, right = walk(node['left_child']), walk(node['right_child'])
            nodes[at] = struct.pack('<BhBB', node['split_feature'], max(-32768, min(32767, math.floor(node['threshold']))), left, right)
            return at
        walk(tree['tree_structure'])
        out += bytes([len(nodes)]) + b''.join(nodes) + struct.pack(f'<{len(leaves)}h', *leaves)
    return bytes(out)


def calibrate(raw, truth, weight):
    """Scale and offset that make the sigmoid of the raw scores a probability (Platt)."""
    a, b = 1.0, 0.0
    for _ in range(100):
        p = 1 / (1 + np.exp(-(a * raw + b)))
        g = weight * (p - truth)
        h = weight * p * (1 - p) + 1e-9
        grad = np.array([(g * raw).sum(), g.sum()])
        hess = np.array([[(h * raw * raw).sum(), (h * raw).sum()], [(h * raw).sum(), h.sum()]])
        step = np.linalg.solve(hess, grad)
        a, b = a - step[0], b - step[1]
    return float(a), float(b)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('work')
    parser.add_argument('--model')
    parser.add_argument('--trees', type=int, default=140)
    parser.add_argument('--leaves', type=int, default=24)
    parser.add_argument('--rate', type=float, default=0.09)
    parser.add_argument('--errors', type=int, default=0)
    parser.add_argument('--drop', default='')
    options = parser.parse_args()
    sets = {kind: read(options.work, kind) for kind in ('plain', 'human', 'random', 'lines')}
    words = read(options.work, 'words')
    code = read_code(options.work)
    if options.drop:
        for kind in list(sets.values()) + [words, code]:
            for f in options.drop.split(','):
                kind[1][:, int(f)] = 0
    raw = {kind: np.zeros(len(rows)) for kind, (rows, _) in sets.items()}
    raw_words, raw_code = np.zeros(len(words[0])), np.zeros(len(code[0]))
    for fold in range(FOLDS):
        booster = fit(*training_set(sets, code, lambda repo: fold_of(repo) != fold), options)
        score = lambda cells: booster.predict(cells, raw_score=True)
        for kind, (rows, cells) in sets.items():
            mine = np.array([fold_of(row['repo']) == fold for row in rows])
            raw[kind][mine] = score(cells[mine])
        mine = np.array([fold_of(row['repo']) == fold for row in words[0]])
        raw_words[mine] = score(words[1][mine])
        mine = np.array([fold_of(repo) == fold for repo in code[0]])
        raw_code[mine] = score(code[1][mine])
    known = np.array([row['truth'] is not None for row in sets['plain'][0]])
    truth = np.array([row['truth'] or 0 for row in sets['plain'][0]])
    r, t, w = raw['plain'][known], truth[known], np.ones(known.sum())
    scale, offset = calibrate(r, t, w)
    probability = lambda s: 1 / (1 + np.exp(-(scale * s + offset)))
    print(f'candidates {len(known)}, true {truth.sum()}, scale {scale:.3f}, offset {offset:.3f}')
    lines, want = by_line(sets['plain'][0], probability(raw['plain']), os.path.join(options.work, 'plain', 'labels.jsonl'))
    word_lines, word_want = by_line(words[0], probability(raw_words), os.path.join(options.work, 'words', 'labels.jsonl'))
    points = [0.05, 0.1, 0.2, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7, 0.8, 0.9, 0.95]
    word_curve = curve(word_lines, word_want, points)
    generated = probability(raw['lines'])
    reach = curve(lines, want, [0])[0]
    print(f'reach {reach[2]:.3f} of {len(want)}; words reach {curve(word_lines, word_want, [0])[0][2]:.3f}')
    print('cut   P     R     F1    tp   fp   | words R | generated lines | code candidates')
    for (cut, p, r, f, tp, fp), word in zip(curve(lines, want, points), word_curve):
        print(f'{cut:.2f} {p:.3f} {r:.3f} {f:.3f} {tp:5d} {fp:5d} | {word[2]:.3f} | {(generated >= cut).mean():.4f} | {(probability(raw_code) >= cut).sum()}')
    with open(os.path.join(options.work, 'oof.jsonl'), 'w') as out:
        for row, score in zip(sets['plain'][0] + words[0], np.concatenate([probability(raw['plain']), probability(raw_words)])):
            out.write(json.dumps([row['file'], row['line'], round(float(score), 4)]) + '\n')
    if options.errors:
        rng = random.Random(1)
        text = {}
        show = lambda key: open(key[0], errors='replace').read().split('\n')[key[1] - 1].strip()[:170]
        wrong = [l for l in lines if l[0] >= 0.5 and not l[1]]
        for s, _, _, key in rng.sample(wrong, min(options.errors, len(wrong))):
            print(f'FP {s:.2f} {os.path.basename(key[0])}:{key[1]} {show(key)}')
        found = {k for s, t, ks, _ in lines if s >= 0.5 for k in ks}
        reached = {k: s for s, t, ks, _ in lines for k in ks}
        missed = sorted(want - found)
        for key in rng.sample(missed, min(options.errors, len(missed))):
            print(f'FN {reached.get(key, -1):.2f} {os.path.basename(key[0])}:{key[1]} {show(key)}')
        found = {k for s, t, ks, _ in word_lines if s >= 0.5 for k in ks}
        reached = {k: s for s, t, ks, _ in word_lines for k in ks}
        missed = sorted(word_want - found)
        for key in rng.sample(missed, min(options.errors, len(missed))):
            print(f'WN {reached.get(key, -1):.2f} {os.path.basename(key[0])}:{key[1]} {show(key)}')
    if options.model:
        booster = fit(*training_set(sets, code, lambda repo: True), options)
        table = pack(booster, scale, offset)
        open(options.model, 'wb').write(table)
        print(f'{options.model}: {len(table)} bytes, sha256 {hashlib.sha256(table).hexdigest()}')
        gain = booster.feature_importance('gain')
        order = np.argsort(-gain)
        print('gain', [(int(i), round(float(gain[i] / gain.sum() * 100), 1)) for i in order[:40]])
        print('unused', [int(i) for i in np.where(gain == 0)[0]])


main()
