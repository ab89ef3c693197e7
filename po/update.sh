#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Bring po/cloudbox.pot and po/zh_CN.po up to date with the messages in the sources.
#   po/update.sh           writes both; new messages stand untranslated in zh_CN.po
#   po/update.sh --check   writes nothing; exit 1 if a message is missing, untranslated or fuzzy
set -eu
cd "$(dirname "$0")/.."

new=$(mktemp -d)
trap 'rm -rf "$new"' EXIT

find lib server terminal -name '*.c' -o -name '*.h' | LC_ALL=C sort |
	xgettext --files-from=- --output="$new/cloudbox.pot" --from-code=UTF-8 --language=C \
		--package-name=cloudbox --copyright-holder='The Cloudbox authors' \
		--keyword --keyword=_ --keyword=N_ --keyword=text_plural:1,2 --keyword=err_set:3 \
		--keyword=err_sys:3 --keyword=err_wrap:2 --keyword=err_hint:2 \
		--keyword=err_set_at:5 --keyword=err_sys_at:4 \
		--no-location --sort-output
# A date would make every run a change.
sed -i '/^"POT-Creation-Date:/d; /^"PO-Revision-Date:/d' "$new/cloudbox.pot"

if [ "${1-}" = --check ]; then
	msgmerge --quiet --no-fuzzy-matching --sort-output po/zh_CN.po "$new/cloudbox.pot" >"$new/zh_CN.po"
	msgfmt --check --output-file="$new/zh_CN.mo" "$new/zh_CN.po"
	count=$(msgattrib --untranslated "$new/zh_CN.po" | grep -c '^msgid ' || true)
	fuzzy=$(msgattrib --only-fuzzy "$new/zh_CN.po" | grep -c '^msgid ' || true)
	if [ "$count" -gt 0 ] || [ "$fuzzy" -gt 0 ]; then
		msgattrib --untranslated "$new/zh_CN.po"
		msgattrib --only-fuzzy "$new/zh_CN.po"
		echo "zh_CN lacks messages: translate them in po/zh_CN.po (po/update.sh adds them)" >&2
		exit 1
	fi
	msgfmt --statistics --output-file=/dev/null "$new/zh_CN.po"
	exit 0
fi
mv "$new/cloudbox.pot" po/cloudbox.pot
if [ -f po/zh_CN.po ]; then
	msgmerge --quiet --update --backup=none --no-fuzzy-matching --sort-output \
		po/zh_CN.po po/cloudbox.pot
else
	msginit --no-translator --locale=zh_CN.UTF-8 --input=po/cloudbox.pot --output-file=po/zh_CN.po
fi
msgattrib --no-obsolete --sort-output --output-file=po/zh_CN.po po/zh_CN.po
msgfmt --statistics --output-file=/dev/null po/zh_CN.po
