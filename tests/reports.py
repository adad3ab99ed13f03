#!/usr/bin/env python3
"""Reads every report back in every format with other people's programs and compares it with JSON.

Usage: reports.py BASE TOKEN FOLDER. JSON and CSV by Python's own library, XLSX by openpyxl, PDF by pdftotext, pdffonts, pdfinfo
and qpdf, HTML by html.parser. Files stay in FOLDER."""

import csv
import hashlib
import html.parser
import io
import json
import pathlib
import re
import subprocess
import sys
import urllib.request

import openpyxl

BASE, TOKEN, FOLDER = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
FORMATS = ["csv", "xlsx", "pdf", "html"]
checked = 0


def get(path):
    request = urllib.request.Request(BASE + path, headers={"Authorization": "Bearer " + TOKEN})
    with urllib.request.urlopen(request) as answer:
        return answer.read()


def same(what, shown, wanted):
    global checked
    checked += 1
    if shown != wanted:
        sys.exit(f"{what}: {shown!r} is not {wanted!r}")


def plain(value):
    if value is None:
        return ""
    if isinstance(value, list):
        return "; ".join(value)
    return str(value)


def whole(path):
    """The data part of a whole list: its pages put together, without what says that they are pages."""
    answer = json.loads(get(path))
    data, cursor = answer["data"], answer.get("page", {}).get("next")
    lists = [code for code, rows in data.items() if isinstance(rows, list)]
    while cursor:
        page = json.loads(get(f"{path}&cursor={cursor}"))
        data[lists[0]] += page["data"][lists[0]]
        cursor = page["page"]["next"]
    if "page" in answer:
        del data["question"]["limit"], data["question"]["after"]
    return data, {code: data[code] for code in lists}


def canonical(data):
    return json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def neutral(text):
    return text[1:] if re.match(r"'[=+\-@'\t\r＝＋－＠]", text) else text


def check_csv(name, file, tables, digest):
    text = file.decode("utf-8-sig")
    blocks = [list(csv.reader(io.StringIO(block, newline=""))) for block in text.split("\r\n\r\n")]
    shown = [[[neutral(cell) for cell in row] for row in block] for block in blocks[:-1]]
    wanted = {code: rows for code, rows in tables.items()}
    same(f"{name} csv: tables", len(shown), len(wanted))
    for block in shown:
        rows = [dict(zip(block[0], row)) for row in block[1:]]
        found = [code for code, all in wanted.items()
                 if [{column: plain(value) for column, value in row.items()} for row in all] == rows]
        same(f"{name} csv: a table of JSON's is {block[0]}", bool(found), True)
        del wanted[found[0]]
    same(f"{name} csv: hash", dict(row for row in blocks[-1] if row[0] != "note")["data_sha256"], digest)


def check_xlsx(name, file, tables, digest):
    book = openpyxl.load_workbook(io.BytesIO(file))
    same(f"{name} xlsx: sheets", set(book.sheetnames), set(tables) | {"cover", "columns"})
    for code, rows in tables.items():
        sheet = book[code]
        header = [cell.value for cell in sheet[1]]
        same(f"{name} xlsx {code}: rows", sheet.max_row - 1, len(rows))
        same(f"{name} xlsx {code}: header stays", sheet.freeze_panes, "A2")
        for row, cells in zip(rows, sheet.iter_rows(min_row=2)):
            for column, cell in zip(header, cells):
                value, wanted = cell.value, row[column]
                if cell.data_type == "f":
                    sys.exit(f"{name} {code}: a formula in {cell.coordinate}")
                if isinstance(wanted, int):
                    same(f"{name} {code} {column}: a number", (cell.data_type, value), ("n", wanted))
                elif cell.is_date:
                    same(f"{name} {code} {column}: a day", value.date().isoformat(), wanted)
                else:
                    same(f"{name} {code} {column}", plain(value), plain(wanted))
    cover = {row[0].value: row[1].value for row in book["cover"].iter_rows(min_row=3)}
    same(f"{name} xlsx: hash", cover["data_sha256"], digest)
    same(f"{name} xlsx: the position is a number", type(cover["journal_seq"]), int)


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{words}: {done.returncode} {done.stdout} {done.stderr}")
    return done.stdout


def shown_words(column, value):
    if column == "share_permille":
        return f"{value // 10}.{value % 10} %"
    return plain(value)


def squeezed(text):
    """Without what a line break or a group of thousands puts between."""
    return re.sub(r"[\s\u202f\u00ad]+", "", text)


def check_pdf(name, path, tables, digest):
    run("qpdf", "--check", str(path))
    info = run("pdfinfo", str(path))
    same(f"{name} pdf: tagged", bool(re.search(r"^Tagged:\s+yes$", info, re.M)), True)
    same(f"{name} pdf: A4", bool(re.search(r"^Page size:.*A4", info, re.M)), True)
    fonts = run("pdffonts", str(path)).splitlines()[2:]
    same(f"{name} pdf: fonts", len(fonts) > 0, True)
    for font in fonts:
        # …, embedded, subset, ToUnicode
        same(f"{name} pdf: {font}", re.search(r"(yes|no)\s+(yes|no)\s+(yes|no)\s+\d+\s+\d+$", font).groups(), ("yes",) * 3)
    pages = int(re.search(r"^Pages:\s+(\d+)$", info, re.M).group(1))
    for page in range(1, pages + 1):
        text = run("pdftotext", "-f", str(page), "-l", str(page), "-layout", str(path), "-")
        same(f"{name} pdf: number of page {page}", squeezed(text).endswith(f"{page}/{pages}"), True)
        same(f"{name} pdf: hash on page {page}", digest in squeezed(text), True)
    # In reading order a cell's words follow each other, though its line may break.
    flat = squeezed(run("pdftotext", "-raw", str(path), "-"))
    for code, rows in tables.items():
        for row in rows:
            for column, value in row.items():
                words = squeezed(shown_words(column, value))
                same(f"{name} pdf {code} {column}: {words}", words in flat, True)


class Cells(html.parser.HTMLParser):
    """The cells of all tables, and the words of the page."""

    def __init__(self):
        super().__init__()
        self.tables, self.words, self.inside = [], [], None
        self.scripts = 0

    def handle_starttag(self, tag, attributes):
        self.scripts += tag == "script"
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
            self.inside = tag

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self.inside = None

    def handle_data(self, text):
        self.words.append(text)
        if self.inside:
            self.tables[-1][-1][-1] += text


def check_html(name, file, tables, digest, data_is_whole):
    page = Cells()
    page.feed(file.decode())
    same(f"{name} html: no script", page.scripts, 0)
    if data_is_whole:
        same(f"{name} html: hash", digest in "".join(page.words), True)
    same(f"{name} html: tables", len(page.tables), len(tables))
    for shown in page.tables:
        header = [label.replace(" ", "_") for label in shown[0]]
        rows = [dict(zip(header, [cell.replace("\u202f", "") for cell in row])) for row in shown[1:]]
        def told(row):
            return {re.sub("_permille$", "", column): ("–" if value is None else shown_words(column, value))
                    for column, value in row.items()}
        found = [code for code, all in tables.items() if [told(row) for row in all[:len(rows)]] == rows]
        same(f"{name} html: a table of JSON's is {header}", bool(found), True)


def main():
    moment = json.loads(get("/v1/reports/standing"))["cover"]["made_at"]
    day, period = f"known_at={moment}", f"from=2021-01-01&to=2026-12-31&known_at={moment}"
    reports = [
        ("register", f"register?{day}"),
        ("roll-forward", f"roll-forward?{period}&previous_known_at={moment}"),
        ("roll-forward-members", f"roll-forward/members?{period}&column=joined"),
        ("standing", f"standing?{day}"),
        ("standing-members", f"standing/members?{day}&column=grace"),
        ("ageing", f"ageing?{day}"),
        ("ageing-applications", f"ageing/applications?{day}&column=waiting"),
        ("renewals", f"renewals?{day}"),
        ("renewals-members", f"renewals/members?{day}&column=next_quarter"),
        ("decisions", f"decisions?{period}"),
        ("decisions-proposals", f"decisions/proposals?{period}&column=closed"),
        ("decisions-exceptions", f"decisions/exceptions?{period}&kind=back_dated"),
        ("data-quality", f"data-quality?{day}"),
        ("data-quality-records", f"data-quality/records?{day}&criterion=evidence"),
        ("sample", f"sample?{day}&seed=audit&size=12"),
    ]
    rows = 0
    for name, address in reports:
        address = "/v1/reports/" + address
        paged = "page" in json.loads(get(address))
        data, tables = whole(address + ("&limit=200" if paged else ""))
        digest = hashlib.sha256(canonical(data)).hexdigest()
        rows += sum(map(len, tables.values()))
        files = {}
        for format in FORMATS:
            more = "&limit=200" if format == "html" and paged else "&bom=true" if format == "csv" else ""
            files[format] = get(f"{address}&format={format}{more}")
            (FOLDER / f"{name}.{format}").write_bytes(files[format])
        check_csv(name, files["csv"], tables, digest)
        check_xlsx(name, files["xlsx"], tables, digest)
        check_pdf(name, FOLDER / f"{name}.pdf", tables, digest)
        check_html(name, files["html"], tables, digest, not paged)
    print(f"{len(reports)} reports of {rows} rows in {len(FORMATS)} formats: {checked} comparisons")


main()
