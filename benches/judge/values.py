"""Values to train on: passwords as people choose them, and random strings. Own generators: none of the labelled values is used."""
import random, string

import xkcdpass.xkcd_password as xkcd

WORDS = [w for w in xkcd.generate_wordlist(wordfile='eff-long', min_length=3, max_length=9) if w.isalpha()]
NAMES = ('alex anna bob carlos chris daniel david emma eva frank george hannah ivan jack james jane john julia kevin laura leo linda lisa maria '
         'mark martin mary max michael mike nina oliver paul peter robert sam sara sophie steve susan thomas tim tom victor acme contoso oracle '
         'summer winter spring autumn monday friday london paris berlin boston madrid dragon tiger eagle falcon shadow master ninja batman').split()
LEET = str.maketrans('aeios', '@3105')


def human(rng):
    """A password that a person made up."""
    word = lambda: rng.choice(NAMES if rng.random() < 0.35 else WORDS)
    cased = lambda w: rng.choice([w, w.capitalize(), w.capitalize(), w, w.upper() if rng.random() < 0.2 else w])
    digits = lambda: rng.choice([str(rng.randint(0, 9)), str(rng.randint(10, 99)), str(rng.randint(100, 999)), str(rng.randint(1950, 2029)),
                                 str(rng.randint(1000, 9999)), '123', '1234', '12345'])
    symbol = lambda: rng.choice('!@#$%*?._-+&')
    form = rng.randrange(14)
    if form == 0:
        return cased(word()) + digits()
    if form == 1:
        return cased(word()) + digits() + symbol()
    if form == 2:
        return cased(word()) + symbol() + digits()
    if form == 3:
        return cased(word()) + cased(word()) + digits()
    if form == 4:
        return cased(word()) + cased(word()) + symbol() + digits()
    if form in (5, 6):
        joint = rng.choice('-_.- ')
        return joint.join([word() for _ in range(rng.randint(2, 4))]) + (rng.choice([joint, '']) + digits() if rng.random() < 0.7 else '')
    if form == 7:
        w = word().translate(LEET)
        return cased(w) + rng.choice(['', digits(), symbol(), digits() + symbol()])
    if form == 8:
        return word() + word() + (word() if rng.random() < 0.4 else '')
    if form == 9:
        return cased(word()) + word().capitalize()
    if form == 10:
        return digits() + cased(word()) + rng.choice(['', symbol(), digits()])
    if form == 11:
        return symbol() + cased(word()) + digits()
    if form == 12:
        start = ''.join(rng.choice(string.ascii_lowercase) for _ in range(rng.randint(2, 4)))
        return cased(start) + rng.choice(['', symbol()]) + digits() + rng.choice(['', symbol()])
    return cased(word()) + cased(word()) + symbol() + cased(word()) + rng.choice(['', digits()])


PRINTABLE = ''.join(c for c in string.printable if 33 <= ord(c) < 127 and c not in '"\'\\`')
PUNCTUATED = string.ascii_letters + string.digits + '!@#$%^&*()-_=+[]{}:,.?'
ALPHABETS = [string.ascii_letters + string.digits] * 4 + ['0123456789abcdef'] * 2 + [string.ascii_lowercase + string.digits] * 2 + [
    string.ascii_letters + string.digits + '+/', string.ascii_letters + string.digits + '-_', PRINTABLE, PRINTABLE, PUNCTUATED, PUNCTUATED, PUNCTUATED,
    string.ascii_uppercase + string.digits, string.ascii_letters, string.ascii_lowercase, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567']


def randoms(rng):
    """A string that a machine made up."""
    alphabet = rng.choice(ALPHABETS)
    if alphabet.startswith('0123456789abcdef'):
        length = rng.choice([16, 20, 24, 32, 32, 40, 48, 64])
    else:
        length = rng.choice([rng.randint(8, 16), rng.randint(12, 64), rng.randint(12, 64), 16, 20, 24, 32, 40, 64])
    value = ''.join(rng.choice(alphabet) for _ in range(length))
    return value + ('=' if '+/' in alphabet and length % 4 else '')


def plain(value):
    """Whether `value` has the shape of a word: letters, at most four digits and two symbols."""
    letters = sum(c.isalpha() for c in value)
    digits = sum(c.isdigit() for c in value)
    return letters >= 3 and digits <= 4 and len(value) - letters - digits <= 2 and len(value) <= 24
