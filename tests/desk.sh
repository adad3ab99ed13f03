#!/usr/bin/env bash
# Sits down at the auditors' desk in headless Chromium: logs in without a script, opens every report, follows figures down to the
# journal, downloads files, logs out; axe finds no fault on any page, nothing is wider than a phone, no request leaves the registry.
# Needs Node, npm, curl and Chromium; axe and the driver of the browser are installed in a temporary folder. docs/testing.md says more.
#
#   tests/desk.sh
#
# Environment: PROGRAM (the program), CHROMIUM (the browser), PORT, SHOTS (a folder that keeps a picture of each page).
set -euo pipefail

here=$(dirname "$0")
exec bash "$here/browser.sh" "$here/desk.mjs" 18482
