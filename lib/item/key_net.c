/* SPDX-License-Identifier: Apache-2.0 */
/* key_net: addresses of the net, see key.h. */
#include <idn2.h>

#include "base/bytes.h"
#include "item/charset.h"
#include "item/key_internal.h"

static int
append_domain(struct buf *out, struct span domain, struct err *err)
{
	AUTO(buf_clear) struct buf name = BUF_INIT(VALUE_MAX);
	char *ascii = NULL;

	if (key_is_ascii(domain))
		return key_append_lower(out, domain, err);
	if (key_append_folded(&name, domain, err) < 0)
		return -1;
	bool nul = memchr(name.p, '\0', name.n) != NULL;
	if (name.n > 1000 || nul ||
	    idn2_to_ascii_8z(buf_str(&name), &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) !=
		    IDN2_OK)
		return buf_append(out, buf_span(&name), err);
	int rc = buf_append_str(out, ascii, err);
	idn2_free(ascii);
	return rc;
}

static const uint8_t *
last_byte(struct span s, char c)
{
	return s.n ? memrchr(s.p, c, s.n) : NULL;
}

int
key_email(struct buf *out, struct span value, struct err *err)
{
	value = key_trim(value);
	const uint8_t *open = last_byte(value, '<');
	if (open && value.p[value.n - 1] == '>') /* "Anna <anna@example.com>" */
		value = key_trim(span_of(open + 1, (size_t)(value.p + value.n - open) - 2));
	if (key_starts_with(value, "mailto:"))
		value = key_trim(span_skip(value, 7));
	const uint8_t *at = last_byte(value, '@');
	if (!at)
		return key_append_folded(out, value, err);
	size_t n_local = (size_t)(at - value.p);
	if (key_append_folded(out, span_of(value.p, n_local), err) < 0 ||
	    buf_append_byte(out, '@', err) < 0)
		return -1;
	return append_domain(out, span_skip(value, n_local + 1), err);
}

/* Length of a URI's scheme without the colon; 0 if there is none (RFC 3986 3.1). */
static size_t
scheme_length(struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = key_lower(s.p[i]);
		if (c == ':')
			return i;
		if (!(c >= 'a' && c <= 'z') &&
		    !(i > 0 && ((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.')))
			return 0;
	}
	return 0;
}

int
key_url(struct buf *out, struct span value, struct err *err)
{
	value = key_trim(value);
	size_t n = scheme_length(value);
	if (key_append_lower(out, span_of(value.p, n), err) < 0)
		return -1;
	value = span_skip(value, n);
	if (n == 0 || !key_starts_with(value, "://"))
		return buf_append(out, value, err);
	size_t end = 3;
	while (end < value.n && !strchr("/?#", value.p[end]))
		end++;
	const uint8_t *at = last_byte(span_of(value.p, end), '@');
	size_t host = at ? (size_t)(at - value.p) + 1 : 3;
	if (buf_append(out, span_of(value.p, host), err) < 0 ||
	    key_append_lower(out, span_of(value.p + host, end - host), err) < 0)
		return -1;
	return buf_append(out, span_skip(value, end), err);
}

/* One protocol, one name.  Google Talk was XMPP, with the same handles. */
static struct span
protocol_name(struct span name)
{
	static const char *const alias[][2] = {
		{ "jabber", "xmpp" },        { "msnim", "msn" },
		{ "ymsgr", "yahoo" },        { "gg", "gadugadu" },
		{ "gadu-gadu", "gadugadu" }, { "google-talk", "xmpp" },
		{ "googletalk", "xmpp" },    { "gtalk", "xmpp" },
		{ "yahooid", "yahoo" },      { "skype-username", "skype" },
	};
	for (size_t i = 0; i < sizeof alias / sizeof *alias; i++)
		if (name.n == strlen(alias[i][0]) && key_starts_with(name, alias[i][0]))
			return span_str(alias[i][1]);
	return name;
}

/* Past what a URI says is to be done with the handle: aim:goim?screenname=anna. */
static struct span
handle_of(struct span s)
{
	static const char *const verbs[] = { "goim?screenname=", "sendim?", "chat?contact=", "add?",
					     "//" };

	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
		if (key_starts_with(s, verbs[i]))
			return span_skip(s, strlen(verbs[i]));
	return s;
}

/* A URI's %40 as @.  What is no character of its own, or no UTF-8 then, stays as it is. */
static int
append_unescaped(struct buf *out, struct span s, struct err *err)
{
	AUTO(buf_clear) struct buf plain = BUF_INIT(VALUE_MAX);

	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i], decoded;
		bool hex = c == '%' && i + 2 < s.n &&
			   hex_decode(&decoded, 1, span_of(s.p + i + 1, 2)) && decoded > ' ';
		if (buf_append_byte(&plain, hex ? decoded : c, err) < 0)
			return -1;
		i += hex ? 2 : 0;
	}
	return key_append_nfc(out, charset_is_utf8(buf_span(&plain)) ? buf_span(&plain) : s, err);
}

int
key_impp(struct buf *out, struct span value, const char *protocol, struct err *err)
{
	value = key_trim(value);
	size_t n = scheme_length(value);
	struct span name = span_of(value.p, n), given = span_str(protocol ? protocol : "");

	/* Apple's scheme for what has none: the service is said beside it */
	bool by_apple = n == 7 && key_starts_with(value, "x-apple");
	if (n == 0 || (by_apple && given.n))
		name = given;
	if (key_append_lower(out, protocol_name(name), err) < 0 ||
	    buf_append_byte(out, ':', err) < 0)
		return -1;
	if (n == 0)
		return key_append_nfc(out, value, err);
	return append_unescaped(out, handle_of(span_skip(value, n + 1)), err);
}
