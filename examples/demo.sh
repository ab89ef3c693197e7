#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The main job, end to end: a made-up phone, a server of one's own, a second phone.
#   examples/demo.sh [BUILD]       BUILD: where cloudbox and cloudboxd were built; default build
# Everything happens in a temporary folder, which is removed at the end.  In Chinese where the
# locale or $CLOUDBOX_LANG says so.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$(cd "${1:-build}" && pwd)
language=${CLOUDBOX_LANG:-${LC_ALL:-${LC_MESSAGES:-${LANG:-en}}}}
started=$(date +%s%N)

work=$(mktemp -d "${TMPDIR:-/tmp}/cloudbox-demo.XXXXXX")
server=
finish() {
	[ -z "$server" ] || { kill "$server" && wait "$server"; } 2>/dev/null || true
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

bold='' dim='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
	bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'
fi

# say ENGLISH CHINESE: a sentence.
say() {
	case $language in
	zh*) printf '\n%s%s%s\n' "$bold" "$2" "$plain" ;;
	*) printf '\n%s%s%s\n' "$bold" "$1" "$plain" ;;
	esac
}

# run WORD...: show the command as one would type it, and do it on the phone in use.
run() {
	local word line='$ cloudbox'
	for word in "$@"; do
		case $word in
		*[!A-Za-z0-9._:/=#@-]*) line+=" '${word/#"$work/"/}'" ;;
		*) line+=" ${word/#"$work/"/}" ;;
		esac
	done
	printf '%s%s%s\n' "$dim" "$line" "$plain"
	quiet "$@"
}
quiet() {
	"$build/cloudbox" --home "$work/$phone/box" "$@"
}

# figure NAME: that member of the JSON document on standard input.
figure() {
	python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"
}
size() {
	python3 -c 'import sys
n, units = float(sys.argv[1]), iter(("B", "kB", "MB", "GB"))
unit = next(units)
while n >= 999.5: n, unit = n / 1000, next(units)
print(f"{n:.0f} {unit}" if unit == "B" or n >= 9.95 else f"{n:.1f} {unit}")' "$1"
}

# The phones know nothing of this machine's own settings.
export HOME=$work XDG_DATA_HOME=$work/data XDG_CONFIG_HOME=$work/config
unset CLOUDBOX_HOME CLOUDBOX_PASSPHRASE_FILE
export CLOUDBOX_PASSPHRASE='lantern harbour quiet meadow nine'

say "A made-up phone: 200 contacts in English and Chinese, documents, pictures." \
	"虚构的一部手机：200 个中英文联系人、一些文档和图片。"
phone=phone
python3 examples/make-phone.py "$work/phone"
du -sh "$work/phone"/* | sed "s|$work/||; s|^|  |"

say "A server of one's own, here on this machine, with TLS." "自己的服务器：就在本机，走 TLS。"
mkfifo "$work/server.out"
"$build/cloudboxd" serve --data "$work/server" --listen 127.0.0.1:0 \
	>"$work/server.out" 2>"$work/server.err" &
server=$!
exec 3<"$work/server.out" # waits for the server, and for the line that says it is ready
read -r line <&3 || { cat "$work/server.err" >&2; exit 1; }
printf '  %s\n' "$line"
invitation=$("$build/cloudboxd" invite --data "$work/server")

say "The phone founds an account. Its passphrase never leaves it." "手机建立账户；口令绝不离开手机。"
made=$(quiet init "$invitation" --name phone --yes --json)
code=$(figure recovery_code <<<"$made")
url=$(figure server <<<"$made")
run status

say "Twelve of the 200 contacts matter, and two of the documents, and one picture." \
	"200 个联系人里有 12 个重要，另有两份文档、一张图片。"
for app in contacts:vcard:Contacts documents:files:Documents pictures:files:Pictures; do
	IFS=: read -r name adapter folder <<<"$app"
	quiet apps add "$name" --adapter "$adapter" --path "$work/phone/$folder" >/dev/null
done
run apps
mapfile -t chosen < <(quiet items contacts --json | python3 -c '
import collections, json, sys
names = [item["name"] for item in json.load(sys.stdin)]
once = [name for name, n in collections.Counter(names).items() if n == 1]
print("\n".join(once[:6] + once[-6:]))')
run add contacts "${chosen[@]}"
run add documents Diary.md 购物单.txt
run add pictures IMG_0001.png

say "The first backup sends exactly these; beside it, what backing up everything would have sent." \
	"第一次备份只发送这些；旁边是全部备份要发送的量。"
run backup
first=$(quiet receipts --json)
sent=$(python3 -c 'import json, sys; print(json.loads(sys.argv[1])[0]["bytes_sent"])' "$first")
full=$(python3 -c 'import json, sys; print(json.loads(sys.argv[1])[0]["full_backup_bytes"])' "$first")

say "Nothing changed: nothing is sent, nobody is asked." "没有变化：什么也不发送，谁也不联系。"
run backup

say "One number changes." "改一个电话号码。"
friend=${chosen[0]}
card=$(grep -lF "FN:$friend" "$work/phone/Contacts"/*.vcf)
python3 - "$card" <<'PYTHON'
import pathlib, re, sys
card = pathlib.Path(sys.argv[1])
card.write_bytes(re.sub(rb"(TEL[^:]*):[^\r]*", rb"\1:+1 212 555 0199", card.read_bytes(), count=1))
PYTHON
run backup
change=$(quiet receipts --json | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["bytes_sent"])')
run history contacts "$friend"

say "The phone is lost. A new, blank one joins with the recovery code alone." \
	"手机丢了。一部空白的新手机，只凭恢复码加入。"
phone=tablet
unset CLOUDBOX_PASSPHRASE
export CLOUDBOX_RECOVERY_CODE=$code
run join "$url" --recovery --name tablet

say "It gets everything back: the choice, and the items, each into its own app." \
	"一切都回来了：选了什么，还有每一项，各归各的应用。"
export CLOUDBOX_RECOVERY_CODE=$code
mkdir -p "$work/tablet/Contacts" "$work/tablet/Documents" "$work/tablet/Pictures"
for app in contacts:vcard:Contacts documents:files:Documents pictures:files:Pictures; do
	IFS=: read -r name adapter folder <<<"$app"
	quiet apps add "$name" --adapter "$adapter" --path "$work/tablet/$folder" >/dev/null
done
quiet restore box >/dev/null
run box
run restore
cmp "$card" "$(grep -lF "FN:$friend" "$work/tablet/Contacts"/*.vcf)"
cmp "$work/phone/Pictures/IMG_0001.png" "$work/tablet/Pictures/IMG_0001.png"

say "Then both sides change: the phone turns up again and adds an address, the new one a number." \
	"后来两边都改了：旧手机又找到，添了邮箱；新手机添了号码。"
phone=phone
export CLOUDBOX_PASSPHRASE='lantern harbour quiet meadow nine'
unset CLOUDBOX_RECOVERY_CODE
sed -i 's/^END:VCARD/EMAIL:new-address@example.org\r\nBDAY:1990-05-05\r\nEND:VCARD/' "$card"
quiet backup >/dev/null
phone=tablet
theirs=$(grep -lF "FN:$friend" "$work/tablet/Contacts"/*.vcf)
sed -i 's/^END:VCARD/TEL;TYPE=HOME:+1 212 555 0142\r\nBDAY:1991-06-06\r\nEND:VCARD/' "$theirs"
run restore contacts "$friend" --preview
run restore contacts "$friend"
say "Done again, it writes nothing." "再做一次，什么也不写。"
run restore contacts "$friend"
grep -E '^(FN|TEL|EMAIL|BDAY)' "$theirs" | tr -d '\r' | sed 's/^/  /'

seconds=$((($(date +%s%N) - started) / 1000000000))
say "The figures" "数字"
case $language in
zh*)
	printf '  第一次备份    %s（全部备份：%s）\n' "$(size "$sent")" "$(size "$full")"
	printf '  没有变化      0 B，0 个请求\n'
	printf '  改一个号码    %s\n' "$(size "$change")"
	printf '  服务器上      %s，全部加密\n' "$(du -sh "$work/server" | cut -f1)"
	printf '  用时          %s 秒\n' "$seconds"
	;;
*)
	printf '  first backup      %s (backing up everything: %s)\n' "$(size "$sent")" "$(size "$full")"
	printf '  nothing changed   0 B, 0 requests\n'
	printf '  one number        %s\n' "$(size "$change")"
	printf '  on the server     %s, all of it encrypted\n' "$(du -sh "$work/server" | cut -f1)"
	printf '  time              %s s\n' "$seconds"
	;;
esac
