/* SPDX-License-Identifier: Apache-2.0 */
/* weburl_host: hosts of web addresses: domains, IPv4 in all its spellings, IPv6.  URL Standard 3.5. */
#include <arpa/inet.h>
#include <idn2.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "item/weburl_internal.h"

#define HOST_MAX 8192 /* bytes; no name is longer than 253 */

#define FORBIDDEN_HOST   " #/:<>?@[\\]^|"
#define FORBIDDEN_DOMAIN FORBIDDEN_HOST "%"

static bool
has_forbidden(struct span s, const char *set, uint8_t controls_to)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= controls_to || (s.p[i] == 0x7f && controls_to) || strchr(set, s.p[i]))
			return true;
	return false;
}

static int
decode_percent(struct buf *out, struct span s, struct err *err)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];

		if (c == '%' && s.n - i > 2 && hex_decode(&c, 1, span_of(s.p + i + 1, 2)))
			i += 2;
		if (buf_append_byte(out, c, err) < 0)
			return -1;
	}
	return 0;
}

/* Lower-case ASCII, or the names' ASCII form (UTS #46, nontransitional). */
static int
to_ascii(struct buf *name, struct err *err)
{
	bool is_ascii = true;
	char *ascii = NULL;

	for (size_t i = 0; i < name->n; i++) {
		if (name->p[i] >= 'A' && name->p[i] <= 'Z')
			name->p[i] |= 0x20;
		is_ascii = is_ascii && name->p[i] < 0x80;
	}
	if (is_ascii)
		return 0;
	if (memchr(name->p, '\0', name->n) || name->n > 1000)
		return WEBURL_INVALID;
	if (idn2_to_ascii_8z(buf_str(name), &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) !=
	    IDN2_OK)
		return WEBURL_INVALID;
	buf_reset(name);
	int rc = buf_append_str(name, ascii, err);
	idn2_free(ascii);
	return rc;
}

/* One number of an IPv4 address: decimal, 0octal or 0xhexadecimal. */
static bool
read_number(uint64_t *out, struct span s)
{
	unsigned base = 10;

	if (s.n >= 2 && s.p[0] == '0' && (s.p[1] | 0x20) == 'x') {
		base = 16;
		s = span_skip(s, 2);
	} else if (s.n >= 2 && s.p[0] == '0') {
		base = 8;
		s = span_skip(s, 1);
	}
	*out = 0;
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i] | 0x20;
		unsigned digit = s.p[i] >= '0' && s.p[i] <= '9' ? s.p[i] - '0' * 1u
				 : c >= 'a' && c <= 'f'         ? c - 'a' + 10u
								: 16u;

		if (digit >= base)
			return false;
		if (*out < (uint64_t)1 << 40)
			*out = *out * base + digit;
	}
	return true;
}

static bool
is_digits(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n > 0;
}

static struct span
last_label(struct span name)
{
	if (name.n && name.p[name.n - 1] == '.')
		name.n--;
	const uint8_t *dot = name.n ? memrchr(name.p, '.', name.n) : NULL;
	return dot ? span_skip(name, (size_t)(dot - name.p) + 1) : name;
}

/* A name whose last label is a number is an address or nothing. */
static bool
ends_in_number(struct span name)
{
	struct span last = last_label(name);
	uint64_t number;

	return is_digits(last) || (last.n >= 2 && last.p[0] == '0' && (last.p[1] | 0x20) == 'x' &&
				   read_number(&number, last));
}

static int
ipv4_print(struct buf *out, struct span name, struct err *err)
{
	uint64_t parts[4], address = 0;
	size_t n = 0;

	if (name.n && name.p[name.n - 1] == '.')
		name.n--;
	for (;;) {
		const uint8_t *dot = name.n ? memchr(name.p, '.', name.n) : NULL;
		struct span part = span_of(name.p, dot ? (size_t)(dot - name.p) : name.n);

		if (n == 4 || part.n == 0 || !read_number(&parts[n++], part))
			return WEBURL_INVALID;
		if (!dot)
			break;
		name = span_skip(name, part.n + 1);
	}
	for (size_t i = 0; i + 1 < n; i++) {
		if (parts[i] > 255)
			return WEBURL_INVALID;
		address |= parts[i] << (8 * (3 - i));
	}
	if (parts[n - 1] >= (uint64_t)1 << (8 * (5 - n)))
		return WEBURL_INVALID;
	address |= parts[n - 1];
	return buf_append_fmt(out, err, "%u.%u.%u.%u", (unsigned)(address >> 24) & 255,
			      (unsigned)(address >> 16) & 255, (unsigned)(address >> 8) & 255,
			      (unsigned)address & 255);
}

/* The longest run of zero pieces, if of more than one, is written "::". */
static int
ipv6_print(struct buf *out, const uint8_t a[static 16], struct err *err)
{
	unsigned piece[8], best = 8, best_n = 1, n = 0;

	for (unsigned i = 0; i < 8; i++) {
		piece[i] = (unsigned)a[2 * i] << 8 | a[2 * i + 1];
		n = piece[i] == 0 ? n + 1 : 0;
		if (n > best_n) {
			best_n = n;
			best = i + 1 - n;
		}
	}
	if (buf_append_byte(out, '[', err) < 0)
		return -1;
	for (unsigned i = 0; i < 8; i++) {
		if (i == best) {
			i += best_n - 1;
			if (buf_append_str(out, best == 0 ? "::" : ":", err) < 0)
				return -1;
		} else if (buf_append_fmt(out, err, i < 7 ? "%x:" : "%x", piece[i]) < 0) {
			return -1;
		}
	}
	return buf_append_byte(out, ']', err);
}

static int
ipv6_host(struct buf *out, struct span host, struct err *err)
{
	char text[INET6_ADDRSTRLEN + 1];
	uint8_t address[16];

	if (host.n < 3 || host.n - 2 >= sizeof text || host.p[host.n - 1] != ']')
		return WEBURL_INVALID;
	memcpy(text, host.p + 1, host.n - 2);
	text[host.n - 2] = '\0';
	if (strlen(text) != host.n - 2 || inet_pton(AF_INET6, text, address) != 1)
		return WEBURL_INVALID;
	return ipv6_print(out, address, err);
}

static int
domain_host(struct buf *out, struct span host, struct err *err)
{
	AUTO(buf_clear) struct buf name = BUF_INIT(HOST_MAX);
	int rc;

	if (host.n > HOST_MAX / 2)
		return WEBURL_INVALID;
	if (decode_percent(&name, host, err) < 0)
		return -1;
	rc = to_ascii(&name, err);
	if (rc)
		return rc;
	if (name.n == 0 || has_forbidden(buf_span(&name), FORBIDDEN_DOMAIN, 0x1f))
		return WEBURL_INVALID;
	if (ends_in_number(buf_span(&name)))
		return ipv4_print(out, buf_span(&name), err);
	return buf_append(out, buf_span(&name), err);
}

int
weburl_host(struct buf *out, struct span host, bool special, struct err *err)
{
	if (host.n && host.p[0] == '[')
		return ipv6_host(out, host, err);
	if (special)
		return domain_host(out, host, err);
	if (has_forbidden(host, FORBIDDEN_HOST, 0))
		return WEBURL_INVALID;
	return weburl_encode(out, host, "", err);
}
