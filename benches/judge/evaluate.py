#!/usr/bin/env python3
"""The figures of the whole scanner on the labelled set, with the judge cross-validated: what other rules report, and what judges that never saw
the repository believe. Prints the precision-recall curve and the reliability table of docs/accuracy.md.

usage: evaluate.py WORK [--errors N] [--cut P]      after train.py; WORK/plain.jsonl and WORK/words.jsonl are written by `keyward explain --features`
"""
import argparse, collections, json, os, random

SOFT = {'UUID', 'Salt', 'Nonce', 'Other', 'AWS S3 Bucket', 'Firebase Domain', 'Tencent WeChat API App ID'}


def labels(work, kind):
    spans, want, category = collections.defaultdict(list), set(), {}
    for line in open(os.path.join(work, kind, 'labels.jsonl')):
        label = json.loads(line)
        if label['label'] != 'T':
            continue
        soft = set(label['category'].split(':')) <= SOFT
        key = (label['file'], label['line'], label['end'])
        if not soft:
            want.add(key)
            category.setdefault(key, set()).update(label['category'].split(':'))
        for at in range(label['line'], label['end'] + 1):
            spans[label['file'], at].append((key, soft))
    return spans, want, category


def findings(work, kind):
    """For each file and first line the best (probability, last line, rule); other rules count as certain."""
    best = {}
    def add(key, probability, last, rule):
        if key not in best or best[key][0] < probability:
            best[key] = probability, last, rule
    for line in open(os.path.join(work, kind + '.jsonl')):
        row = json.loads(line)
        if 'features' not in row and row['confidence'] != 'low':
            add((row['file'], row['line']), 1.0, row['last'], row['rule'])
    for line in open(os.path.join(work, 'oof.jsonl')):
        path, at, probability = json.loads(line)
        if path.startswith(os.path.join(work, kind) + '/'):
            add((path, at), probability, at, 'generic')
    return best


def judge(best, spans, cut):
    """Findings at a cut as (true, false, found labels)."""
    tp, fp, found = collections.Counter(), collections.defaultdict(list), set()
    for (path, line), (probability, last, rule) in best.items():
        if probability < cut:
            continue
        over = [x for at in range(line, last + 1) for x in spans.get((path, at), ())]
        hard = {key for key, soft in over if not soft}
        if hard:
            tp[rule] += 1
            found |= hard
        elif not over:
            fp[rule].append((path, line, probability))
    return tp, fp, found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('work')
    parser.add_argument('--errors', type=int, default=0)
    parser.add_argument('--cut', type=float, default=0.5)
    options = parser.parse_args()
    spans, want, category = labels(options.work, 'plain')
    best = findings(options.work, 'plain')
    word_spans, word_want, _ = labels(options.work, 'words')
    words = findings(options.work, 'words')
    print('| cut | precision | recall | F1 | recall, words set |\n|---|---|---|---|---|')
    for cut in (0.1, 0.15, 0.2, 0.3, 0.4, 0.42, 0.45, 0.5, 0.55, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95):
        tp, fp, found = judge(best, spans, cut)
        t, f = sum(tp.values()), sum(map(len, fp.values()))
        p, r = t / max(1, t + f), len(found & want) / len(want)
        _, _, word_found = judge(words, word_spans, cut)
        print(f'| {cut:.2f} | {p:.3f} | {r:.3f} | {2 * p * r / (p + r):.3f} | {len(word_found & word_want) / len(word_want):.3f} |')
    print('\n| probability | lines | true | share |\n|---|---|---|---|')
    bins = collections.defaultdict(lambda: [0, 0, 0.0])
    for (path, line), (probability, last, rule) in best.items():
        over = spans.get((path, line), ())
        if rule == 'generic' and (not over or any(not soft for _, soft in over)):
            cell = bins[min(9, int(probability * 10))]
            cell[0] += 1
            cell[1] += bool(over)
    for index in range(10):
        n, t, _ = bins[index]
        print(f'| {index / 10:.1f}-{index / 10 + 0.1:.1f} | {n} | {t} | {t / max(1, n):.2f} |')
    tp, fp, found = judge(best, spans, options.cut)
    print('\ntrue by rule ', tp.most_common(40))
    print('false by rule', sorted(((rule, len(lines)) for rule, lines in fp.items()), key=lambda x: -x[1])[:40])
    missed = collections.Counter(c for key in want - found for c in category[key])
    print('missed by category', missed.most_common(30))
    rng = random.Random(2)
    show = lambda path, line: open(path, errors='replace').read().split('\n')[line - 1].strip()[:160]
    if options.errors:
        for rule, lines in fp.items():
            for path, line, probability in rng.sample(lines, min(options.errors if rule == 'generic' else 12, len(lines))):
                print(f'FP {probability:.2f} [{rule}] {os.path.basename(path)}:{line} {show(path, line)}')
        for path, line, _ in rng.sample(sorted(want - found), min(options.errors, len(want - found))):
            print(f'FN {best.get((path, line), (-1,))[0]:.2f} {os.path.basename(path)}:{line} {show(path, line)}')


main()
