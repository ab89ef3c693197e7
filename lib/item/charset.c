/* SPDX-License-Identifier: Apache-2.0 */
/* charset: see charset.h. */
#include "item/charset.h"

#include <errno.h>
#include <iconv.h>
#include <strings.h>
#include <unistr.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

struct form_name {
	const char *iconv;
	uint8_t mark[4];
	uint8_t mark_bytes, unit_bytes;
};

/* UTF-32LE's mark begins like UTF-16LE's: the longer ones are tried first (see charset_open). */
static const struct form_name forms[] = {
	[CHARSET_BYTES] = { "UTF-8", { 0 }, 0, 1 },
	[CHARSET_UTF16LE] = { "UTF-16LE", { 0xff, 0xfe }, 2, 2 },
	[CHARSET_UTF16BE] = { "UTF-16BE", { 0xfe, 0xff }, 2, 2 },
	[CHARSET_UTF32LE] = { "UTF-32LE", { 0xff, 0xfe, 0, 0 }, 4, 4 },
	[CHARSET_UTF32BE] = { "UTF-32BE", { 0, 0, 0xfe, 0xff }, 4, 4 },
};

bool
charset_is_utf8(struct span s)
{
	return s.n == 0 || u8_check(s.p, s.n) == NULL;
}

/* What stands for a unit that cannot be converted, in the target's charset. */
struct replacement {
	const void *bytes;
	size_t n;
};

/*
 * Convert all of @in; what cannot be converted is skipped by @unit bytes and replaced, or, without
 * a replacement, ends the conversion with 1.
 */
static int
convert(struct buf *out, iconv_t cd, struct span in, size_t unit, struct replacement instead,
	struct err *err)
{
	char *from = (char *)(uintptr_t)in.p;
	size_t left = in.n;

	while (left) {
		size_t room = left < 64 ? 256 : left * 2;
		size_t before = out->n;
		uint8_t *at;
		if (room > out->max - out->n)
			room = out->max - out->n;
		if (room < 8)
			return err_set(err, ERR_LIMIT, "more than %zu bytes", out->max);
		if (buf_extend(out, room, &at, err) < 0)
			return -1;
		char *to = (char *)at;
		size_t rc = iconv(cd, &from, &left, &to, &room);
		int why = errno;
		out->n = before + (size_t)((uint8_t *)to - at);
		out->p[out->n] = '\0';
		if (rc != (size_t)-1 || why == E2BIG)
			continue;
		if (!instead.bytes)
			return 1;
		if (buf_append(out, span_of(instead.bytes, instead.n), err) < 0)
			return -1;
		size_t skip = why == EINVAL || left < unit ? left : unit;
		from += skip;
		left -= skip;
		iconv(cd, NULL, NULL, NULL, NULL);
	}
	return 0;
}

int
charset_open(struct span *text, enum charset_form *form, struct buf *storage, struct span file,
	     struct err *err)
{
	*form = CHARSET_BYTES;
	*text = file;
	for (unsigned f = CHARSET_UTF32BE; f > CHARSET_BYTES; f--) {
		size_t n = forms[f].mark_bytes;
		if (file.n < n || memcmp(file.p, forms[f].mark, n) != 0)
			continue;
		iconv_t cd = iconv_open("UTF-8", forms[f].iconv);
		if (cd == (iconv_t)-1)
			return err_sys(err, errno, "cannot convert from %s", forms[f].iconv);
		int rc = convert(storage, cd, span_skip(file, n), forms[f].unit_bytes,
				 (struct replacement){ REPLACEMENT, 3 }, err);
		iconv_close(cd);
		*form = (enum charset_form)f;
		*text = buf_span(storage);
		return rc;
	}
	return 0;
}

int
charset_close(struct buf *out, struct span text, enum charset_form form, struct err *err)
{
	/* U+FFFD in each form */
	static const struct replacement instead[] = {
		[CHARSET_BYTES] = { REPLACEMENT, 3 },      [CHARSET_UTF16LE] = { "\xfd\xff", 2 },
		[CHARSET_UTF16BE] = { "\xff\xfd", 2 },     [CHARSET_UTF32LE] = { "\xfd\xff\0", 4 },
		[CHARSET_UTF32BE] = { "\0\0\xff\xfd", 4 },
	};
	if (form == CHARSET_BYTES)
		return buf_append(out, text, err);
	if (buf_append(out, span_of(forms[form].mark, forms[form].mark_bytes), err) < 0)
		return -1;
	iconv_t cd = iconv_open(forms[form].iconv, "UTF-8");
	if (cd == (iconv_t)-1)
		return err_sys(err, errno, "cannot convert to %s", forms[form].iconv);
	int rc = convert(out, cd, text, 1, instead[form], err);
	iconv_close(cd);
	return rc;
}

/* The charsets that a file may name, as iconv calls them; compared without case, `-` and `_`. */
static const char *
known_charset(struct span name)
{
	static const char *const known[] = {
		"ISO-8859-1",   "ISO-8859-2",   "ISO-8859-3",   "ISO-8859-4",   "ISO-8859-5",
		"ISO-8859-6",   "ISO-8859-7",   "ISO-8859-8",   "ISO-8859-9",   "ISO-8859-10",
		"ISO-8859-13",  "ISO-8859-14",  "ISO-8859-15",  "ISO-8859-16",  "WINDOWS-1250",
		"WINDOWS-1251", "WINDOWS-1252", "WINDOWS-1253", "WINDOWS-1254", "WINDOWS-1255",
		"WINDOWS-1256", "WINDOWS-1257", "WINDOWS-1258", "CP1250",       "CP1251",
		"CP1252",       "CP1253",       "CP1254",       "CP1255",       "CP1256",
		"CP1257",       "CP1258",       "CP437",        "CP850",        "CP866",
		"CP874",        "CP932",        "CP936",        "CP949",        "CP950",
		"KOI8-R",       "KOI8-U",       "TIS-620",      "MACINTOSH",    "GB2312",
		"GBK",          "GB18030",      "BIG5",         "BIG5-HKSCS",   "SHIFT_JIS",
		"SJIS",         "EUC-JP",       "EUC-KR",       "EUC-TW",       "ISO-2022-JP",
		"LATIN1",       "LATIN2",
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		const char *k = known[i];
		size_t at = 0;
		for (;;) {
			while (at < name.n && (name.p[at] == '-' || name.p[at] == '_'))
				at++;
			while (*k == '-' || *k == '_')
				k++;
			if (!*k || at == name.n ||
			    strncasecmp(k, (const char *)name.p + at, 1) != 0)
				break;
			k++, at++;
		}
		if (!*k && at == name.n)
			return known[i];
	}
	return NULL;
}

static int
append_windows_1252(struct buf *out, struct span s, struct err *err)
{
	static const uint16_t high[32] = {
		0x20ac, 0xfffd, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
		0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0xfffd, 0x017d, 0xfffd,
		0xfffd, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
		0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0xfffd, 0x017e, 0x0178,
	};
	if (buf_reserve(out, s.n, err) < 0)
		return -1;
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i], room[6];
		ucs4_t u = c >= 0x80 && c < 0xa0 ? high[c - 0x80] : c;
		int n = u8_uctomb(room, u, (int)sizeof room);
		if (buf_append(out, span_of(room, (size_t)n), err) < 0)
			return -1;
	}
	return 0;
}

static bool
is_unicode_name(struct span s)
{
	return (s.n == 5 && strncasecmp((const char *)s.p, "UTF-8", 5) == 0) ||
	       (s.n == 4 && strncasecmp((const char *)s.p, "UTF8", 4) == 0);
}

static bool
is_ascii(struct span s)
{
	for (size_t i = 0; s.p && i < s.n; i++)
		if (s.p[i] >= 0x80)
			return false;
	return true;
}

static bool
is_ascii_name(struct span s)
{
	return s.n == 8 && strncasecmp((const char *)s.p, "US-ASCII", 8) == 0;
}

int
charset_decode(struct buf *out, struct span bytes, struct span charset, bool *guessed,
	       struct err *err)
{
	const char *known = known_charset(charset);

	/* ISO-2022-JP and its like write Japanese in ASCII's range: only then must ASCII be
	 * converted */
	bool shifted = known && memchr(bytes.p ? bytes.p : (const uint8_t *)"", 0x1b, bytes.n);
	if (known && (shifted || !is_ascii(bytes))) {
		size_t before = out->n;
		iconv_t cd = iconv_open("UTF-8", known);
		int rc = cd == (iconv_t)-1
				 ? 1
				 : convert(out, cd, bytes, 1, (struct replacement){ 0 }, err);
		if (cd != (iconv_t)-1)
			iconv_close(cd);
		if (rc <= 0)
			return rc;
		out->n = before; /* not what it said */
		if (out->p)
			out->p[before] = '\0';
		*guessed = true;
	} else if (!known && charset.n && !is_unicode_name(charset) && !is_ascii_name(charset)) {
		*guessed = true;
	}
	if (charset_is_utf8(bytes))
		return buf_append(out, bytes, err);
	*guessed = true;
	return append_windows_1252(out, bytes, err);
}
