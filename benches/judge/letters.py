#!/usr/bin/env python3
"""Makes src/scan/judge/letters.bin: how surprising each letter is after the two before it, learned from the words of source code.

usage: letters.py OUT DIR...     (directories of popular source code; the same directories give the same bytes)

27 x 27 x 27 bytes, index (a * 27 + b) * 27 + c, letters 1-26, 0 for the start of a word; a cell is -log2 P(c | a b) in sixteenths of a bit.
"""
import collections, math, os, re, sys

WORD = re.compile(rb'[A-Z]?[a-z]{2,}')
TEXT = ('.py', '.js', '.ts', '.rs', '.md', '.txt', '.rst', '.html', '.json', '.toml')


def words(roots):
    counts = collections.Counter()
    for root in roots:
        for folder, _, names in sorted(os.walk(root)):
            for name in sorted(names):
                path = os.path.join(folder, name)
                if name.endswith(TEXT) and not name.endswith('.min.js') and os.path.getsize(path) < 1 << 20:
                    counts.update(w.lower() for w in set(WORD.findall(open(path, 'rb').read())))
    return counts


def main(out, *roots):
    grams = collections.Counter()
    for word, files in words(roots).items():
        if files < 3:
            continue                      # what stands in one file only is as likely an abbreviation or random text
        weight = 1 + math.log2(files)
        codes = [0, 0] + [byte - 96 for byte in word]
        for i in range(2, len(codes)):
            grams[tuple(codes[i - 2:i + 1])] += weight
    table = bytearray(27 ** 3)
    for a in range(27):
        for b in range(27):
            total = sum(grams[a, b, c] for c in range(1, 27))
            below = {c: sum(grams[x, b, c] for x in range(27)) for c in range(1, 27)}
            whole = sum(below.values())
            for c in range(1, 27):
                backed = (below[c] + 0.5) / (whole + 13)
                p = (grams[a, b, c] + 20 * backed) / (total + 20)
                table[(a * 27 + b) * 27 + c] = min(255, round(-math.log2(p) * 16))
    open(out, 'wb').write(table)


main(*sys.argv[1:])
