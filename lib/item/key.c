/* SPDX-License-Identifier: Apache-2.0 */
/* key: see key.h.  All values here are well-formed UTF-8 (charset_decode() makes them so). */
#include "item/key.h"

#include <idn2.h>
#include <sodium.h>
#include <stdio.h>
#include <strings.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

#define VALUE_MAX (SIZE_MAX / 4)

struct field_key
key_hash(struct span normalised)
{
	struct field_key k;

	crypto_generichash(k.b, sizeof k.b, normalised.p, normalised.n, NULL, 0);
	return k;
}

/* The character at @at and its length in *n (at least 1). */
static ucs4_t
char_at(struct span s, size_t at, size_t *n)
{
	ucs4_t c;
	int len = u8_mbtouc(&c, s.p + at, s.n - at);

	*n = len > 0 ? (size_t)len : 1;
	return c;
}

static bool
is_space(ucs4_t c)
{
	if (c < 0x80)
		return c == ' ' || (c >= '\t' && c <= '\r');
	return uc_is_property_white_space(c);
}

static struct span
trim(struct span s)
{
	size_t n;

	while (s.n && is_space(char_at(s, 0, &n)))
		s = span_skip(s, n);
	while (s.n) {
		size_t last = s.n - 1;
		while (last > 0 && (s.p[last] & 0xc0) == 0x80)
			last--;
		if (!is_space(char_at(s, last, &n)))
			break;
		s.n = last;
	}
	return s;
}

static bool
is_ascii(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] >= 0x80)
			return false;
	return true;
}

static int
append_nfc(struct buf *out, struct span s, struct err *err)
{
	size_t n;

	if (is_ascii(s))
		return buf_append(out, s, err);
	AUTO(free) uint8_t *nfc = u8_normalize(UNINORM_NFC, s.p, s.n, NULL, &n);
	if (!nfc)
		return err_nomem(err);
	return buf_append(out, span_of(nfc, n), err);
}

static int
append_folded(struct buf *out, struct span s, struct err *err)
{
	size_t n;

	if (s.n == 0)
		return 0;
	AUTO(free) uint8_t *folded = u8_casefold(s.p, s.n, NULL, UNINORM_NFC, NULL, &n);
	if (!folded)
		return err_nomem(err);
	return buf_append(out, span_of(folded, n), err);
}

static uint8_t
lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

static int
append_lower(struct buf *out, struct span s, struct err *err)
{
	for (size_t i = 0; i < s.n; i++)
		if (buf_append_byte(out, lower(s.p[i]), err) < 0)
			return -1;
	return 0;
}

static bool
starts_with(struct span s, const char *prefix)
{
	size_t n = strlen(prefix);

	return s.n >= n && strncasecmp((const char *)s.p, prefix, n) == 0;
}

int
key_exact(struct buf *out, struct span value, struct err *err)
{
	if (!value.n || !memchr(value.p, '\r', value.n))
		return buf_append(out, value, err);
	for (size_t i = 0; i < value.n; i++) {
		if (value.p[i] == '\r' && i + 1 < value.n && value.p[i + 1] == '\n')
			continue;
		uint8_t c = value.p[i] == '\r' ? '\n' : value.p[i];
		if (buf_append_byte(out, c, err) < 0)
			return -1;
	}
	return 0;
}

int
key_text(struct buf *out, struct span value, struct err *err)
{
	AUTO(buf_clear) struct buf lines = BUF_INIT(VALUE_MAX);

	value = trim(value);
	if (!value.n || !memchr(value.p, '\r', value.n))
		return append_nfc(out, value, err);
	if (key_exact(&lines, value, err) < 0)
		return -1;
	return append_nfc(out, buf_span(&lines), err);
}

/* Trimmed, runs of blanks as one. */
static int
append_words(struct buf *out, struct span value, struct err *err)
{
	bool gap = false;
	size_t n;

	value = trim(value);
	for (size_t i = 0; i < value.n; i += n) {
		if (is_space(char_at(value, i, &n))) {
			gap = true;
			continue;
		}
		if (gap && buf_append_byte(out, ' ', err) < 0)
			return -1;
		gap = false;
		if (buf_append(out, span_of(value.p + i, n), err) < 0)
			return -1;
	}
	return 0;
}

int
key_words(struct buf *out, struct span value, struct err *err)
{
	AUTO(buf_clear) struct buf words = BUF_INIT(VALUE_MAX);

	if (append_words(&words, value, err) < 0)
		return -1;
	return append_nfc(out, buf_span(&words), err);
}

int
key_name(struct buf *out, struct span value, struct err *err)
{
	AUTO(buf_clear) struct buf words = BUF_INIT(VALUE_MAX);

	if (append_words(&words, value, err) < 0)
		return -1;
	return append_folded(out, buf_span(&words), err);
}

/* ---- telephone numbers ---- */

/* Separators for the eye, and marks that say in which direction to write. */
static bool
is_visual(ucs4_t c)
{
	switch (c) {
	case '-':
	case '.':
	case '(':
	case ')':
	case '/':
	case 0x00ad: /* soft hyphen */
	case 0x061c: /* Arabic letter mark */
	case 0x2212: /* minus */
	case 0xfeff:
	case 0xff08: /* full-width parentheses, full stop, solidus */
	case 0xff09:
	case 0xff0e:
	case 0xff0f:
		return true;
	}
	if ((c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) ||
	    (c >= 0x2060 && c <= 0x2069))
		return true;
	return is_space(c) || (c >= 0x80 && uc_is_general_category(c, UC_DASH_PUNCTUATION));
}

/* Full-width and other scripts' digits and signs as ASCII. */
static ucs4_t
plain_char(ucs4_t c)
{
	if (c < 0x80)
		return c;
	int digit = uc_decimal_value(c);
	if (digit >= 0)
		return (ucs4_t)('0' + digit);
	if (c >= 0xff01 && c <= 0xff5e)
		return c - 0xfee0;
	return c;
}

static bool
is_letter(ucs4_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* p, w, x, ext… as `,`, `;`, `x`; vanity letters as they are. */
static int
append_letters(struct buf *out, struct span word, struct err *err)
{
	static const char *const extension[] = { "x", "ext", "extn", "extension" };

	if (span_equal(word, span_str("p")))
		return buf_append_byte(out, ',', err);
	if (span_equal(word, span_str("w")))
		return buf_append_byte(out, ';', err);
	for (size_t i = 0; i < sizeof extension / sizeof *extension; i++) {
		if (!span_equal(word, span_str(extension[i])))
			continue;
		if (out->n && out->p[out->n - 1] == ';') /* ";ext=5" */
			out->n--;
		return buf_append_byte(out, 'x', err);
	}
	return buf_append(out, word, err);
}

static int
append_number(struct buf *out, struct span value, struct err *err)
{
	AUTO(buf_clear) struct buf word = BUF_INIT(VALUE_MAX);
	size_t n;

	for (size_t i = 0; i < value.n; i += n) {
		ucs4_t c = plain_char(char_at(value, i, &n));
		if (is_letter(c)) {
			if (buf_append_byte(&word, lower((uint8_t)c), err) < 0)
				return -1;
			continue;
		}
		if (word.n) {
			if (append_letters(out, buf_span(&word), err) < 0)
				return -1;
			buf_reset(&word);
		}
		if (is_visual(c))
			continue;
		if ((c == '=' || c == ':') && out->n && out->p[out->n - 1] == 'x')
			continue; /* "ext=5", "Ext: 5" */
		if (c < 0x80 ? buf_append_byte(out, (uint8_t)c, err) < 0
			     : buf_append(out, span_of(value.p + i, n), err) < 0)
			return -1;
	}
	return word.n ? append_letters(out, buf_span(&word), err) : 0;
}

/* The leading digits of a national number, in E.164 where the home region makes them one. */
static int
append_international(struct buf *out, struct span number, const struct key_rules *rules,
		     struct err *err)
{
	char e164[32];
	size_t n = 0;

	while (n < number.n && number.p[n] >= '0' && number.p[n] <= '9')
		n++;
	bool alone = n == number.n || strchr(",;x", number.p[n]) != NULL;
	if (n && alone && rules && rules->region && rules->e164 &&
	    rules->e164(e164, span_of(number.p, n), rules->region)) {
		if (buf_append_str(out, e164, err) < 0)
			return -1;
		number = span_skip(number, n);
	}
	return buf_append(out, number, err);
}

int
key_tel(struct buf *out, struct span value, const struct key_rules *rules, struct err *err)
{
	AUTO(buf_clear) struct buf number = BUF_INIT(VALUE_MAX);

	value = trim(value);
	if (starts_with(value, "tel:"))
		value = span_skip(value, 4);
	if (append_number(&number, value, err) < 0)
		return -1;
	if (number.n == 0) /* nothing but separators: whatever it means, it means itself */
		return key_text(out, value, err);
	return append_international(out, buf_span(&number), rules, err);
}

/* ---- addresses of the net ---- */

static int
append_domain(struct buf *out, struct span domain, struct err *err)
{
	AUTO(buf_clear) struct buf name = BUF_INIT(VALUE_MAX);
	char *ascii = NULL;

	if (is_ascii(domain))
		return append_lower(out, domain, err);
	if (append_folded(&name, domain, err) < 0)
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
	value = trim(value);
	const uint8_t *open = last_byte(value, '<');
	if (open && value.p[value.n - 1] == '>') /* "Anna <anna@example.com>" */
		value = trim(span_of(open + 1, (size_t)(value.p + value.n - open) - 2));
	if (starts_with(value, "mailto:"))
		value = trim(span_skip(value, 7));
	const uint8_t *at = last_byte(value, '@');
	if (!at)
		return append_folded(out, value, err);
	size_t n_local = (size_t)(at - value.p);
	if (append_folded(out, span_of(value.p, n_local), err) < 0 ||
	    buf_append_byte(out, '@', err) < 0)
		return -1;
	return append_domain(out, span_skip(value, n_local + 1), err);
}

/* Length of a URI's scheme without the colon; 0 if there is none (RFC 3986 3.1). */
static size_t
scheme_length(struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = lower(s.p[i]);
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
	value = trim(value);
	size_t n = scheme_length(value);
	if (append_lower(out, span_of(value.p, n), err) < 0)
		return -1;
	value = span_skip(value, n);
	if (n == 0 || !starts_with(value, "://"))
		return buf_append(out, value, err);
	size_t end = 3;
	while (end < value.n && !strchr("/?#", value.p[end]))
		end++;
	const uint8_t *at = last_byte(span_of(value.p, end), '@');
	size_t host = at ? (size_t)(at - value.p) + 1 : 3;
	if (buf_append(out, span_of(value.p, host), err) < 0 ||
	    append_lower(out, span_of(value.p + host, end - host), err) < 0)
		return -1;
	return buf_append(out, span_skip(value, end), err);
}

/* One protocol, one name. */
static const char *
protocol_alias(struct span name)
{
	static const char *const alias[][2] = {
		{ "jabber", "xmpp" },        { "msnim", "msn" },
		{ "ymsgr", "yahoo" },        { "gg", "gadugadu" },
		{ "gadu-gadu", "gadugadu" }, { "google-talk", "gtalk" },
		{ "googletalk", "gtalk" },   { "skype-username", "skype" },
	};
	for (size_t i = 0; i < sizeof alias / sizeof *alias; i++)
		if (name.n == strlen(alias[i][0]) && starts_with(name, alias[i][0]))
			return alias[i][1];
	return NULL;
}

int
key_impp(struct buf *out, struct span value, const char *protocol, struct err *err)
{
	value = trim(value);
	size_t n = scheme_length(value);
	struct span name = n ? span_of(value.p, n) : span_str(protocol ? protocol : "");
	if (n)
		value = span_skip(value, n + 1);
	const char *alias = protocol_alias(name);
	if (append_lower(out, alias ? span_str(alias) : name, err) < 0 ||
	    buf_append_byte(out, ':', err) < 0)
		return -1;
	return append_nfc(out, value, err);
}

/* ---- dates ---- */

static bool
digits(struct span s, size_t at, size_t n, unsigned *value)
{
	*value = 0;
	if (at + n > s.n)
		return false;
	for (size_t i = at; i < at + n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		*value = *value * 10 + (unsigned)(s.p[i] - '0');
	}
	return true;
}

static bool
time_follows(struct span s, size_t at)
{
	return at == s.n || s.p[at] == 'T' || s.p[at] == 't' || s.p[at] == ' ';
}

/* Year 0: none. */
struct date {
	unsigned year, month, day;
};

/* yyyymmdd, yyyy-mm-dd, --mmdd, --mm-dd, a time behind them left aside. */
static bool
date_of(struct date *d, struct span s)
{
	size_t at;

	d->year = 0;
	if (s.n >= 2 && s.p[0] == '-' && s.p[1] == '-')
		at = 2;
	else if (digits(s, 0, 4, &d->year))
		at = s.n > 4 && s.p[4] == '-' ? 5 : 4;
	else
		return false;
	if (!digits(s, at, 2, &d->month))
		return false;
	at += 2;
	if (at < s.n && s.p[at] == '-')
		at++;
	if (!digits(s, at, 2, &d->day) || !time_follows(s, at + 2))
		return false;
	return d->month >= 1 && d->month <= 12 && d->day >= 1 && d->day <= 31;
}

/* Apple writes 1604 where it knows no year. */
#define YEAR_OF_NO_YEAR 1604

int
key_date(struct buf *out, struct span value, bool year_omitted, struct err *err)
{
	struct date d;

	value = trim(value);
	if (!date_of(&d, value))
		return key_text(out, value, err);
	if (year_omitted || d.year == YEAR_OF_NO_YEAR || d.year == 0)
		return buf_append_fmt(out, err, "--%02u-%02u", d.month, d.day);
	return buf_append_fmt(out, err, "%04u-%02u-%02u", d.year, d.month, d.day);
}
