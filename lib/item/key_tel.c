/* SPDX-License-Identifier: Apache-2.0 */
/* key_tel: telephone numbers, see key.h. */
#include <unictype.h>

#include "item/key_internal.h"

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
	return key_is_space(c) || (c >= 0x80 && uc_is_general_category(c, UC_DASH_PUNCTUATION));
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
		ucs4_t c = plain_char(key_char_at(value, i, &n));
		if (is_letter(c)) {
			if (buf_append_byte(&word, key_lower((uint8_t)c), err) < 0)
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

	value = key_trim(value);
	if (key_starts_with(value, "tel:"))
		value = span_skip(value, 4);
	if (append_number(&number, value, err) < 0)
		return -1;
	if (number.n == 0) /* nothing but separators: whatever it means, it means itself */
		return key_text(out, value, err);
	return append_international(out, buf_span(&number), rules, err);
}
