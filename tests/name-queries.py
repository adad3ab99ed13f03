#!/usr/bin/env python3
"""Makes queries and pairs by rule from tests/data/organisations-real.csv, to measure the search beyond the example sets.

  tests/name-queries.py FOLDER [PER_KIND] [SEED]

writes FOLDER/queries.tsv and FOLDER/pairs.tsv in the form of the example sets: for each kind at most PER_KIND (300) queries.
Queries of the kind real-alias are the alternative names that the corpus leaves out. What is made follows from how names are
written (other romanisations, no marks, slips of the fingers, parts, initials), and from no result of the search.
Standard library only."""
import csv, json, os, random, re, sys, unicodedata

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'data')
RU = dict(zip('абвгдеёжзийклмнопрстуфхцчшщъыьэюя',
              'a b v g d e yo zh z i y k l m n o p r s t u f kh ts ch sh shch - y - e yu ya'.split()))


def table(base, changes):
    made = dict(base)
    for pair in changes.split():
        letter, key = pair.split('=')
        made[letter] = key
    return made


# Cyrillic to Latin, by language: the ways that are in use side by side.
TO_LATIN = {
    'kk': [table(RU, 'ә=a ғ=g қ=k ң=n ө=o ұ=u ү=u һ=h і=i'),
           table(RU, 'ә=ä ғ=ğ қ=q ң=ñ ө=ö ұ=ū ү=ü һ=h і=i ж=j ы=y ш=ş у=u й=i х=h'),
           table(RU, 'ә=á ғ=ǵ қ=q ң=ń ө=ó ұ=u ү=ú һ=h і=i ж=j ы=y у=ý и=ı й=ı х=h'),
           table(RU, 'ә=e ғ=gh қ=q ң=ng ө=oe ұ=u ү=ue һ=h і=i ж=zh ы=i х=kh'),
           table(RU, 'ә=a ғ=g қ=k ң=n ө=o ұ=u ү=u һ=h і=i ж=j ы=y х=h')],
    'ky': [table(RU, 'ң=ng ө=o ү=u ж=j'), table(RU, 'ң=n ө=ö ү=ü ж=c ч=ç ш=ş ы=ı й=y х=h'), table(RU, 'ң=n ө=o ү=u ж=zh')],
    'ru': [RU, table(RU, 'ж=j х=h щ=sch ю=iu я=ia й=i'), table(RU, 'ж=zh х=x ц=c ю=ju я=ja й=j щ=shh')],
    'uz': [table(RU, 'ж=j х=x ц=ts ў=oʻ қ=q ғ=gʻ ҳ=h й=y'), table(RU, "ж=j х=kh ў=o' қ=k ғ=g ҳ=h й=y")],
}
CYR = {
    'az': dict(zip('abcçdeəfgğhxıijkqlmnoöprsştuüvyz', 'абҹчдеәфҝғһхыижкглмноөпрсштуүвјз')),
    'tk': dict(zip('abçdeäfghijžklmnňoöprsştuüwyýz', 'абчдеәфгхиҗжклмнңоөпрсштуүвыйз')),
}
UZ_CYR = [('oʻ', 'ў'), ('gʻ', 'ғ'), ("o'", 'ў'), ("g'", 'ғ'), ('sh', 'ш'), ('ch', 'ч'), ('yo', 'ё'), ('yu', 'ю'), ('ya', 'я'), ('ye', 'е')]
UZ_CYR += list(zip('abdefghijklmnopqrstuvxyzʼ', 'абдефгҳижклмнопқрстувхйзъ'))
ABROAD = {  # Latin letters as people abroad type them
    'az': [dict(zip('əxqğçşöüı', ['a', 'kh', 'g', 'gh', 'ch', 'sh', 'o', 'u', 'i'])), dict(zip('əğçşöüı', 'egcsoui')), {'ə': 'ä'}],
    'tr': [dict(zip('çğıöşü', 'cgiosu')), dict(zip('çğıöşü', ['ch', 'g', 'i', 'oe', 'sh', 'ue']))],
    'tk': [dict(zip('çäžňöşüýw', ['ch', 'a', 'zh', 'n', 'o', 'sh', 'u', 'y', 'v'])), dict(zip('çäžňöşüý', 'cazñosuy'))],
    'hu': [dict(zip('áéíóöőúüű', 'aeiooouuu')), dict(zip('öőüű', ['oe', 'oe', 'ue', 'ue']))],
    'uz': [{'ʻ': '', 'ʼ': '', "'": ''}, {'x': 'kh', 'q': 'k', 'ʻ': '', "'": ''}],
}
KEYS = ['qwertyuiop', 'asdfghjkl', 'zxcvbnm', 'йцукенгшщзх', 'фывапролджэ', 'ячсмитьбю']
FORMS = ('public association|public foundation|public union|foundation|association|federation|union|society|derneği|dernek|vakfı|'
         'birliği|federasyonu|ictimai birliyi|fondu|cəmiyyəti|ittifaqı|jamgʻarmasi|uyushmasi|jamiyati|assotsiatsiyasi|қоғамдық бірлестігі|'
         'қоғамдық қоры|қоры|қауымдастығы|одағы|коомдук фонду|коомдук бирикмеси|ассоциациясы|birleşigi|jemgyýeti|guramasy|federasiýasy|'
         'egyesület|egyesülete|alapítvány|szövetség|közhasznú egyesület').split('|')
TWINS = dict(zip('aceopxyасеорху', 'асеорхуaceopxy'))
# Two legal forms of a country, and two of its towns: names that differ in these alone are of different organisations.
OTHER_FORMS = {'AZ': ('İctimai Birliyi', 'Fondu'), 'TR': ('Derneği', 'Vakfı'), 'TRNC': ('Derneği', 'Vakfı'), 'UZ': ('jamiyati', 'jamgʻarmasi'),
               'KZ': ('қоғамдық бірлестігі', 'қоғамдық қоры'), 'KG': ('коомдук бирикмеси', 'коомдук фонду'),
               'TM': ('jemgyýeti', 'gaznasy'), 'HU': ('Egyesület', 'Alapítvány')}
TOWNS = {'AZ': ('Gəncə', 'Şəki'), 'TR': ('Konya', 'Samsun'), 'TRNC': ('Girne', 'Lefke'), 'UZ': ('Buxoro', 'Termiz'), 'KZ': ('Павлодар', 'Атырау'),
         'KG': ('Ош', 'Талас'), 'TM': ('Mary', 'Daşoguz'), 'HU': ('Szeged', 'Miskolc')}
COUNTRY_LANGUAGE = {'AZ': 'az', 'TR': 'tr', 'TRNC': 'tr', 'UZ': 'uz', 'KZ': 'kk', 'KG': 'ky', 'TM': 'tk', 'HU': 'hu'}


def is_cyrillic(text):
    return any('CYRILLIC' in unicodedata.name(c, '') for c in text)


def by_letters(text, letters):
    made = []
    for c in text:
        key = letters.get(c.lower())
        if key is None:
            made.append(c)
        elif key != '-':
            made.append(key.upper() if c.isupper() and len(key) == 1 else key.capitalize() if c.isupper() else key)
    return ''.join(made)


def strip_marks(text):
    text = text.translate(str.maketrans('ıəƏİ', 'ieEI'))
    return ''.join(c for c in unicodedata.normalize('NFD', text) if not unicodedata.combining(c))


def words(text):
    return [w for w in re.split(r'[\s"«»“”„().,/–—-]+', text) if w]


def slip(word, rng):
    """One slip of the fingers inside a word of four letters or more."""
    at = rng.randrange(1, len(word) - 1)
    kind = rng.randrange(4)
    if kind == 0:
        return word[:at] + word[at + 1:]
    if kind == 1:
        return word[:at] + word[at] + word[at:]
    if kind == 2 and word[at] != word[at + 1]:
        return word[:at] + word[at + 1] + word[at] + word[at + 2:]
    row = next((row for row in KEYS if word[at].lower() in row), None)
    if row is None:
        return word[:at] + word[at + 1:]
    place = row.index(word[at].lower())
    return word[:at] + row[place + 1 if place + 1 < len(row) else place - 1] + word[at + 1:]


def slipped(text, rng):
    parts = re.split(r'(\s+)', text)
    long = [n for n, part in enumerate(parts) if len(part) >= 5 and part.isalpha()]
    if not long:
        return None
    for n in rng.sample(long, min(len(long), 1 + (len(long) > 3))):
        parts[n] = slip(parts[n], rng)
    return ''.join(parts)


def script(name, language, country, rng):
    """The name in another script, or in another romanisation."""
    if is_cyrillic(name):
        ways = TO_LATIN.get(language) or TO_LATIN.get(COUNTRY_LANGUAGE[country]) or TO_LATIN['ru']
        return by_letters(name, rng.choice(ways))
    if language in CYR:
        return by_letters(name, CYR[language])
    if language == 'uz':
        low = name.lower()
        for latin, cyrillic in UZ_CYR:
            low = low.replace(latin, cyrillic)
        return low
    return None


def ascii_of(name, language, country, rng):
    if is_cyrillic(name):
        return None
    ways = ABROAD.get(language)
    return by_letters(name, rng.choice(ways)) if ways else strip_marks(name)


def fold(text):
    return re.sub(r'[^a-z0-9а-яё]+', ' ', strip_marks(text).lower()).strip()


def main():
    folder, per_kind = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 300
    rng = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 5)
    corpus = {}
    for line in open(os.path.join(DATA, 'search-corpus-example.jsonl'), encoding='utf8'):
        one = json.loads(line)
        corpus[one['id']] = one
    rows = [r for r in csv.DictReader(open(os.path.join(DATA, 'organisations-real.csv'), encoding='utf8')) if r['id'] in corpus]
    # Which organisations hold a word: a query of few words has all of them as answers.
    holders, names_of = {}, {}
    for one in corpus.values():
        names = [one['name']] + one['other_names']
        names_of[one['id']] = {fold(n) for n in names}
        for name in names:
            for word in fold(name).split():
                holders.setdefault(word, set()).add(one['id'])
    queries, pairs = {}, []

    def put(kind, row, query, made_of, expected=None):
        if not query or not query.strip() or fold(query) == '' and not is_cyrillic(query):
            return
        same = expected or [i for i, names in names_of.items() if fold(made_of) in names] or [row['id']]
        queries.setdefault(kind, []).append((query.strip(), '|'.join(sorted(set(same) | {row['id']})), row['country']))

    for row in rows:
        country, name = row['country'], row['name']
        language = row['name_language'] or ''
        own = words(name)
        other = script(name, language, country, rng)
        if other and other.lower() != name.lower():
            put('script', row, other, name)
            pairs.append((name, other, country, 'same', 'script'))
        bare = ascii_of(name, language, country, rng)
        if bare and bare != name:
            put('ascii', row, rng.choice([bare, bare.lower(), bare.upper()]), name)
            pairs.append((name, bare, country, 'same', 'ascii'))
        if strip_marks(name) != name:
            put('diacritics', row, strip_marks(name).lower(), name)
        if re.search("[ʻʼ'’‘`]", name):
            put('apostrophe', row, re.sub("[ʻʼ'’‘`]", lambda m: rng.choice(["'", '’', '‘', '`', '', 'ʻ']), name), name)
        wrong = slipped(name, rng)
        if wrong:
            put('typo', row, wrong, name)
            pairs.append((name, wrong, country, 'same', 'typo'))
        if bare and bare != name and (wrong := slipped(bare, rng)):
            put('typo+ascii', row, wrong, name)
        places = [n for n, c in enumerate(name) if c in TWINS and 0 < n < len(name) - 1 and name[n - 1].isalpha() and name[n + 1].isalpha()]
        if places:
            at = rng.choice(places)
            put('look-alike', row, name[:at] + TWINS[name[at]] + name[at + 1:], name)
        if len(own) >= 2:
            at = rng.randrange(len(own) - 1)
            put('joined', row, ' '.join(own[:at] + [own[at] + own[at + 1]] + own[at + 2:]), name)
        if len(own) >= 3:
            mixed = own[:]
            rng.shuffle(mixed)
            put('word-order', row, ' '.join(mixed), name)
        for form in FORMS:
            if name.lower().endswith(' ' + form):
                put('legal-form', row, name[:-len(form) - 1], name)
                pairs.append((name, name[:-len(form) - 1], country, 'same', 'legal-form'))
                break
        if 'i' in name.lower() or 'ı' in name:
            put('dotted-i', row, name.replace('i', 'İ').upper() if rng.random() < .5 else name.replace('ı', 'i').upper(), name)
        rare = [w for w in own if len(w) >= 5 and len(holders.get(fold(w), ())) == 1]
        if rare:
            word = rng.choice(rare)
            put('partial', row, word, name, [row['id']])
            near = own.index(word)
            two = own[max(0, near - 1):near + 1] if near and rng.random() < .5 else own[near:near + 2]
            short = ' '.join(two if rng.random() < .4 else [word])
            for kind, made in (('short-script', script(short, language, country, rng)), ('short-ascii', ascii_of(short, language, country, rng))):
                if made and made.lower() != short.lower():
                    put(kind, row, made.lower(), name, [row['id']])
            if len(word) >= 6:
                put('short-typo', row, slip(word.lower(), rng), name, [row['id']])
            start = fold(word)[:5]
            if len(start) == 5:
                put('prefix', row, start, name, [i for w, ids in holders.items() if w.startswith(start) for i in ids])
        content = [w for w in own if len(w) > 2 and w.lower() not in ('and', 'the', 'for', 'ile', 'və', 'және')]
        if len(content) >= 3:
            initials = ''.join(w[0] for w in content).upper()
            same = [i for i, one in corpus.items()
                    if any(''.join(w[0] for w in words(n) if len(w) > 2).upper() == initials for n in [one['name']] + one['other_names'])]
            put('acronym', row, initials, name, same)
        for alias in row['alternative_names'].split(' | '):
            alias = re.sub(r'@[a-zA-Z-]+$', '', alias).strip()
            if alias and fold(alias) and alias not in [corpus[row['id']]['name']] + corpus[row['id']]['other_names']:
                put('real-alias', row, alias, alias)
    with open(os.path.join(folder, 'queries.tsv'), 'w', encoding='utf8') as file:
        file.write('query_id\tquery\texpected_id\tkind\tcountry\n')
        n = 0
        for kind in sorted(queries):
            for query, expected, country in rng.sample(queries[kind], min(per_kind, len(queries[kind]))):
                file.write(f'G{n:05}\t{query}\t{expected}\t{kind}\t{country}\n')
                n += 1
    # Different ones: the most alike names of two organisations of a country, by the words that they share.
    by_country = {}
    for row in rows:
        by_country.setdefault(row['country'], []).append(row['name'])
    for country, names in by_country.items():
        for name in rng.sample(names, min(60, len(names))):
            mine = set(fold(name).split())
            near = max((n for n in names if fold(n) != fold(name)), key=lambda n: len(mine & set(fold(n).split())) / len(mine | set(fold(n).split()) or {1}))
            pairs.append((name, near, country, 'different', 'hard: most words shared'))
        for name in rng.sample(names, min(12, len(names))):
            short = ' '.join(words(name)[:2])
            (form, other_form), (town, other_town) = OTHER_FORMS[country], TOWNS[country]
            pairs.append((f'{short} {form}', f'{short} {other_form}', country, 'different', 'hard: other form (constructed)'))
            pairs.append((f'{town} {short} {form}', f'{other_town} {short} {form}', country, 'different', 'hard: other town (constructed)'))
            pairs.append((f'{short} № 12 {form}', f'{short} № 15 {form}', country, 'different', 'hard: other number (constructed)'))
    same = [p for p in pairs if p[3] == 'same']
    different = [p for p in pairs if p[3] == 'different']
    with open(os.path.join(folder, 'pairs.tsv'), 'w', encoding='utf8') as file:
        file.write('pair_id\tname_a\tname_b\tcountry\tlabel\treason\n')
        for n, pair in enumerate(rng.sample(same, min(len(same), len(different))) + different):
            file.write(f'P{n:04}\t' + '\t'.join(pair) + '\n')


if __name__ == '__main__':
    main()
