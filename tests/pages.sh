#!/usr/bin/env bash
# Looks at the pages for people in headless Chromium: axe finds no fault on any of them, nothing is wider than a phone, no request
# leaves the registry, and Tab reaches the search. Needs Node, npm and Chromium; axe and the driver of the browser are installed in
# a temporary folder. docs/testing.md says more.
#
#   tests/pages.sh
#
# Environment: PROGRAM (the program), CHROMIUM (the browser), PORT, SHOTS (a folder that keeps a picture of each page).
set -euo pipefail

here=$(dirname "$0")
exec bash "$here/browser.sh" "$here/pages.mjs" 18481
