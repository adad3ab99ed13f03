"""What Schemathesis needs of a demo registry: tests/schemathesis.sh calls it.

    schemathesis.py URL prepare     makes one of everything that the demo has not
    schemathesis.py URL PASS        prints the settings of a pass: who asks, and what is there to be asked for; and writes
                                    contract.json, the document with examples that name things that are there

PASSWORD is that of all accounts, KEY a partner's.
"""

import datetime, json, os, re, sys, urllib.error, urllib.parse, urllib.request

URL, WHAT = sys.argv[1:]
PASSWORD, KEY = os.environ["PASSWORD"], os.environ["KEY"]
EMAILS = {"auditor": "auditor", "coordinator": "kz1", "sessions": "kz1", "secretariat": "secretariat1", "accounts": "secretariat2"}
# Accounts that no pass logs in as: some whose sessions may be used up, and some for log-ins, which have to wait after failed ones.
OTHERS, LOG_INS = ["hu1", "hu2"], ["tm1", "tm2"]


def address(account):
    return account + "@demo.example"


def send(path, body=None, **headers):
    """What a program gets."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    if isinstance(body, dict):
        headers["Content-Type"] = "application/json"
        body = json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(URL + path, body, headers)) as answer:
        return json.load(answer)


def log_in(account):
    return send("/v1/auth/login", {"email": address(account), "password": PASSWORD})


def bearer(account):
    return {"Authorization": "Bearer " + log_in(account)["access_token"]}


def prepare():
    """Imports to read, resolve and commit, a closed period, and a handover to decide. None of it can be done twice."""
    secretariat = bearer("secretariat2")
    for who in [bearer("kz1"), secretariat]:
        for n in [1, 2]:
            table = f"name,country,city\r\nSample {n},KZ,Astana\r\nSample {n},KZ,Astana\r\n,KZ,Astana\r\n"
            send("/v1/imports?file_name=sample.csv", table.encode(), Content_Type="text/csv", Idempotency_Key=f"import-{n}", **who)
    today = datetime.date.today()
    for year in [today.year - 2, today.year - 1]:
        closed = {"from": f"{year}-01-01", "to": f"{year}-12-31"}
        send("/v1/periods", closed, Idempotency_Key=f"period-{year}", **secretariat)
    later = str(today + datetime.timedelta(days=300))
    successors = [user["id"] for user in send("/v1/users?country=HU", **secretariat)["items"]]
    handover = {"successors": successors, "effective_on": later, "reason": "The office rotates."}
    send("/v1/handovers", handover, Idempotency_Key="handover", **secretariat)


class Stay(urllib.request.HTTPRedirectHandler):
    """Where a form leads to is not gone to."""

    def redirect_request(self, *_):
        return None


def browse(path, fields=None, cookie=None):
    """What a browser gets: the page and the cookie."""
    headers = {"Accept": "text/html"} | ({"Cookie": cookie} if cookie else {})
    body = urllib.parse.urlencode(fields).encode() if fields else None
    try:
        answer = urllib.request.build_opener(Stay).open(urllib.request.Request(URL + path, body, headers))
    except urllib.error.HTTPError as refused:
        answer = refused
    return answer.read().decode(), answer.headers.get("Set-Cookie", "").split(";")[0]


def hidden(page):
    """What the first form of a page holds."""
    return re.search('name="form" value="([^"]+)"', page)[1]


def links(name, secretariat):
    """Tokens of an invitation and of a new password, which are good once."""
    new = {"email": f"{name}@sample.example", "name": f"Sample {name}", "role": "auditor"}
    invited = send("/v1/users", new, Idempotency_Key=f"invite-{name}", **secretariat)
    users = send("/v1/users?country=UZ", **secretariat)["items"]
    reset = send(f"/v1/users/{users[0]['id']}/password-reset", b"", Idempotency_Key=f"reset-{name}", **secretariat)
    return [invited["invitation"]["token"]], [reset["token"]]


def settings():
    """The settings as TOML, where strings and lists of strings are written as in JSON."""
    text = json.dumps
    secretariat = bearer("secretariat1")

    def items(path):
        return send(path, **secretariat)["items"]

    def ids(path):
        return [item["id"] for item in items(path)]

    page, form_cookie = browse("/reports")
    form = hidden(page)
    desk_form = None
    account = EMAILS.get(WHAT)
    if account:  # access tokens live 15 minutes, which a long pass outlives: the tool logs in anew every 5
        print('[auth.dynamic.openapi.bearer]\npath = "/v1/auth/login"\nextract_selector = "/access_token"')
        print(f"payload = {{ email = {text(address(account))}, password = {text(PASSWORD)} }}\n")
        _, cookie = browse("/reports/login", {"email": address(account), "password": PASSWORD, "form": form}, form_cookie)
        page, _ = browse("/reports", cookie=cookie)
        desk_form = hidden(page)
        print(f"[auth.openapi.desk]\napi_key = {text(cookie.split('=', 1)[1])}\n")
    elif WHAT == "partner":
        print(f"[auth.openapi.bearer]\nbearer = {text(KEY)}\n")
    print("[output.sanitization]\nenabled = false\n")
    # Rules that no schema can say (a day in the future, a taken identifier, a second legal name) answer 422 and a tag of
    # another version 412; a header that is missing answers 400 (Idempotency-Key) or 428 (If-Match).
    print('[checks.positive_data_acceptance]\nexpected-statuses = ["2xx", "3xx", 401, 403, 404, 409, 412, 422, 429, "5xx"]\n')
    print("[checks.missing_required_header]\nexpected-statuses = [400, 401, 403, 404, 422, 428]\n")

    users = ids("/v1/users?country=HU")
    invitations, resets = links(WHAT, secretariat)
    own = bearer(account) if account else secretariat
    lists = {
        "numbers": [o["number"] for country, n in [("KZ", 20), ("HU", 3)] for o in items(f"/v1/organisations?country={country}&limit={n}")],
        "memberships": ids("/v1/memberships?country=KZ&limit=60"),
        "proposals": ids("/v1/proposals?limit=40"),
        "keys": ids("/v1/api-keys"),
        "imports": ids("/v1/imports?limit=20"),
        "periods": ids("/v1/periods"),
        "handovers": ids("/v1/handovers"),
        "users": users,
        "user": users[:1],
        "reviewers": ids("/v1/users?country=KZ"),
        "sessions": ids(f"/v1/users/{users[0]}/sessions"),
        "own_sessions": [s["id"] for s in send("/v1/auth/sessions", **own)["items"][::-1] if not s["current"]],
        "refresh": [log_in(other)["refresh_token"] for other in OTHERS],
        "invitations": invitations,
        "resets": resets,
        "forms": [form],
        "desk_forms": [desk_form] if desk_form else [],
        "form_cookies": [form_cookie.split("=", 1)[1]],
        "emails": [address(other) for other in LOG_INS],
        "passwords": [PASSWORD],
        "tags": ["*"],
        "items": [1, 2, 3],
        "lines": [2, 3, 4],
        "seqs": [50, 1, 2],
        "sizes": [60, 50],
        "positions": ["seq:50", "seq:100"],
    }
    lists = {name: values for name, values in lists.items() if values}
    print("[dictionaries]")
    for name, values in lists.items():
        print(f"{name} = {{ values = {text(values)} }}")

    # Random ids find nothing, so most requests name things that are there; a fifth stays random.
    print("\n[parameters]")
    bind(lists, *EVERYWHERE)
    for pattern, chance, names in THERE:
        print(f"\n[[operations]]\ninclude-path-regex = {text(pattern)}\n[operations.parameters]")
        bind(lists, chance, names)

    contract = send("/openapi.json")
    # A cursor comes from the page before; an invented one is well-formed and refused.
    cursors = ["GET " + path for path, item in contract["paths"].items()
               if any(p.get("name") == "cursor" for p in item.get("get", {}).get("parameters", []))]
    print(f"\n[[operations]]\ninclude-name = {text(cursors)}\n[operations.checks.positive_data_acceptance]")
    print('expected-statuses = ["2xx", "3xx", 400, 401, 403, 404, 422, 429, "5xx"]')
    # What the examples of all schemas name, too.
    with_numbers = text(with_examples(contract, lists)).replace(NUMBER, lists["numbers"][0])
    with open("contract.json", "w") as file:
        file.write(with_numbers.replace(ID, lists["memberships"][0]))


# The document's examples.
NUMBER, ID = "OTS-7K3M9Q2-54", "3k7v0c5m2qxyz"


# Where things are named that are there, with how often and the list: everywhere, or below some addresses.
EVERYWHERE = 0.8, {"path.number": "numbers", "path.item": "items", "path.line": "lines", "path.seq": "seqs", "header.If-Match": "tags",
                   "query.size": "sizes", "body.successor": "numbers", "body.organisation": "numbers", "body.other": "numbers",
                   "body.reviewer": "reviewers"}
THERE = [
    ("^/v1/memberships/", 0.8, {"path.id": "memberships"}),
    ("^/v1/proposals/", 0.8, {"path.id": "proposals"}),
    ("^/v1/api-keys/", 0.8, {"path.id": "keys"}),
    ("^/v1/imports/", 0.8, {"path.id": "imports"}),
    ("^(/v1|/reports)/periods/", 0.8, {"path.id": "periods"}),
    ("^/v1/handovers/", 0.8, {"path.id": "handovers"}),
    ("^/v1/auth/sessions/", 0.8, {"path.id": "own_sessions"}),
    ("^/v1/users/.id}(/p|/e|$)", 0.8, {"path.id": "users"}),
    ("^/v1/users/.id}/sessions", 0.8, {"path.id": "user", "path.session": "sessions"}),
    ("^/v1/invitations/", 0.5, {"path.token": "invitations"}),
    ("^/v1/password-resets/", 0.5, {"path.token": "resets"}),
    ("^(/v1)?/reports", 0.3, {"query.known_at": "positions", "query.previous_known_at": "positions"}),
    ("^/v1/auth/login$", 0.5, {"body.email": "emails", "body.password": "passwords"}),
    ("^/v1/auth/refresh$", 0.5, {"body.refresh_token": "refresh"}),
    ("^/reports/login$", 0.8, {"body.email": "emails", "body.password": "passwords", "body.form": "forms",
                               "cookie.__Host-ots_form": "form_cookies"}),
    ("^/reports/logout$", 0.8, {"body.form": "desk_forms"}),
]


def bind(lists, chance, names):
    for where, name in names.items():
        if name in lists:
            print(f'"{where}" = {{ dictionary = "{name}", probability = {chance} }}')


def with_examples(contract, lists):
    """The tool takes its dictionaries for random requests alone; where it walks along the schemas it begins with the examples."""
    schemas = contract["components"]["schemas"]
    for path, item in contract["paths"].items():
        names = dict(EVERYWHERE[1])
        for pattern, _, more in THERE:
            if re.search(pattern, path):
                names |= more
        first = {where: lists[name][0] for where, name in names.items() if name in lists}
        for operation in item.values():
            for parameter in operation.get("parameters", []):
                where = f"{parameter['in']}.{parameter['name']}"
                if where in first:
                    parameter["example"] = first[where]
            for content in operation.get("requestBody", {}).get("content", {}).values():
                schema = schemas.get(content.get("schema", {}).get("$ref", "").rsplit("/", 1)[-1], {})
                example = content.get("example", schema.get("example"))
                if isinstance(example, dict):
                    known = {name: first["body." + name] for name in schema["properties"] if "body." + name in first}
                    content["example"] = example | {name: value for name, value in known.items() if name in example}
    return contract


prepare() if WHAT == "prepare" else settings()
