/* SPDX-License-Identifier: Apache-2.0 */
/* weburl: see weburl.h.  Host names: weburl_host.c. */
#include "item/weburl.h"

#include <string.h>

#include "item/weburl_internal.h"

static const struct weburl_scheme schemes[] = {
	{ "http", 80 }, { "https", 443 }, { "ws", 80 },
	{ "wss", 443 }, { "ftp", 21 },    { "file", 0 },
};

/* The percent-encode sets of section 1.3, besides C0 controls and what is over 0x7e. */
#define SET_FRAGMENT " \"<>`"
#define SET_QUERY    " \"#<>"
#define SET_PATH     SET_QUERY "?^`{}"
#define SET_USERINFO SET_PATH "/:;=@[\\]|"

int
weburl_encode(struct buf *out, struct span s, const char *set, struct err *err)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];
		bool plain = c > 0x1f && c < 0x7f && !strchr(set, c);
		char code[3] = { '%', digits[c >> 4], digits[c & 15] };

		if (plain ? buf_append_byte(out, c, err) < 0
			  : buf_append(out, SPAN_ARRAY(code), err) < 0)
			return -1;
	}
	return 0;
}

/* An address on its way. */
struct parsing {
	struct buf *out;
	struct span left; /* what is not read yet */
	const struct weburl_scheme *scheme;
	bool is_file;
	bool has_host;
	const char *path_set; /* what is encoded in a path */
	struct err *err;
};

static bool
is_slash(const struct parsing *p, uint8_t c)
{
	return c == '/' || (c == '\\' && p->scheme);
}

static bool
is_alpha(uint8_t c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* Controls and blanks at both ends, tabs and line ends everywhere mean nothing. */
static int
clean(struct buf *out, struct span s, struct err *err)
{
	while (s.n && s.p[0] <= ' ')
		s = span_skip(s, 1);
	while (s.n && s.p[s.n - 1] <= ' ')
		s.n--;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != '\t' && s.p[i] != '\n' && s.p[i] != '\r' &&
		    buf_append_byte(out, s.p[i], err) < 0)
			return -1;
	return 0;
}

static const struct weburl_scheme *
scheme_find(struct span name)
{
	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
		if (span_equal(name, span_str(schemes[i].name)))
			return &schemes[i];
	return NULL;
}

static int
scheme_read(struct parsing *p)
{
	size_t n = 0, at = p->out->n;

	for (; n < p->left.n && p->left.p[n] != ':'; n++) {
		uint8_t c = p->left.p[n];

		if (!is_alpha(c) && !(n && (is_digit(c) || c == '+' || c == '-' || c == '.')))
			return WEBURL_INVALID;
		if (buf_append_byte(p->out, is_alpha(c) ? c | 0x20 : c, p->err) < 0)
			return -1;
	}
	if (n == 0 || n == p->left.n)
		return WEBURL_INVALID;
	p->scheme = scheme_find(span_of(p->out->p + at, n));
	p->is_file = p->scheme && p->scheme->port == 0;
	p->left = span_skip(p->left, n + 1);
	return buf_append_byte(p->out, ':', p->err);
}

/* "user:pass@", without what is empty of it. */
static int
userinfo_print(struct parsing *p, struct span s)
{
	const uint8_t *colon = s.n ? memchr(s.p, ':', s.n) : NULL;
	struct span user = span_of(s.p, colon ? (size_t)(colon - s.p) : s.n);
	struct span pass = colon ? span_skip(s, user.n + 1) : span_of(NULL, 0);

	if (user.n == 0 && pass.n == 0)
		return 0;
	if (weburl_encode(p->out, user, SET_USERINFO, p->err) < 0)
		return -1;
	if (pass.n && (buf_append_byte(p->out, ':', p->err) < 0 ||
		       weburl_encode(p->out, pass, SET_USERINFO, p->err) < 0))
		return -1;
	return buf_append_byte(p->out, '@', p->err);
}

/* ":8080", unless it is the scheme's own. */
static int
port_print(struct parsing *p, struct span digits)
{
	unsigned port = 0;

	if (digits.n == 0)
		return 0;
	for (size_t i = 0; i < digits.n; i++) {
		if (!is_digit(digits.p[i]))
			return WEBURL_INVALID;
		port = port * 10 + (unsigned)(digits.p[i] - '0');
		if (port > 65535)
			return WEBURL_INVALID;
	}
	if (p->scheme && p->scheme->port == port)
		return 0;
	return buf_append_fmt(p->out, p->err, ":%u", port);
}

/* Where the host of "host:port" ends. */
static size_t
host_length(struct span s)
{
	bool in_brackets = false;

	for (size_t i = 0; i < s.n; i++) {
		in_brackets = s.p[i] == '[' || (in_brackets && s.p[i] != ']');
		if (s.p[i] == ':' && !in_brackets)
			return i;
	}
	return s.n;
}

static int
authority_print(struct parsing *p, struct span s)
{
	const uint8_t *at = s.n ? memrchr(s.p, '@', s.n) : NULL;
	struct span user = at ? span_of(s.p, (size_t)(at - s.p)) : span_of(NULL, 0);
	struct span host = at ? span_skip(s, user.n + 1) : s;
	size_t n = host_length(host);
	int rc;

	if (n == 0 && (p->scheme || at || host.n))
		return WEBURL_INVALID;
	if (userinfo_print(p, user) < 0)
		return -1;
	rc = weburl_host(p->out, span_of(host.p, n), p->scheme != NULL, p->err);
	return rc ? rc : port_print(p, span_skip(host, n < host.n ? n + 1 : n));
}

/* "C:" or "C|", and nothing but an end of the part after it. */
static bool
is_drive(const struct parsing *p, struct span s)
{
	return p->is_file && s.n >= 2 && is_alpha(s.p[0]) && (s.p[1] == ':' || s.p[1] == '|') &&
	       (s.n == 2 || is_slash(p, s.p[2]) || s.p[2] == '?' || s.p[2] == '#');
}

/* A file's host: mostly none. */
static int
file_host_print(struct parsing *p, struct span host)
{
	size_t at = p->out->n;
	int rc;

	if (host.n == 0)
		return 0;
	rc = host_length(host) < host.n ? WEBURL_INVALID : weburl_host(p->out, host, true, p->err);
	if (rc == 0 && span_equal(span_skip(buf_span(p->out), at), span_str("localhost")))
		p->out->n = at;
	return rc;
}

static int
host_read(struct parsing *p)
{
	size_t slashes = 0, n = 0;

	while (slashes < p->left.n && is_slash(p, p->left.p[slashes]) &&
	       (slashes < 2 || (p->scheme && !p->is_file)))
		slashes++;
	p->has_host = p->scheme || slashes >= 2;
	if (!p->has_host)
		return 0;
	if (buf_append_str(p->out, "//", p->err) < 0)
		return -1;
	if (p->is_file && slashes < 2)
		return 0;
	struct span rest = span_skip(p->left, slashes);
	if (is_drive(p, rest)) { /* file://C:/x */
		p->left = rest;
		return 0;
	}
	while (n < rest.n && !is_slash(p, rest.p[n]) && rest.p[n] != '?' && rest.p[n] != '#')
		n++;
	p->left = span_skip(rest, n);
	return p->is_file ? file_host_print(p, span_of(rest.p, n))
			  : authority_print(p, span_of(rest.p, n));
}

/* How many dots a part of a path consists of, "%2e" being one; 0 if of others, too. */
static unsigned
dots(struct span s)
{
	unsigned n = 0;

	while (s.n && n < 3) {
		size_t step = s.p[0] == '.' ? 1 : 0;

		if (s.n >= 3 && s.p[0] == '%' && s.p[1] == '2' && (s.p[2] | 0x20) == 'e')
			step = 3;
		if (step == 0)
			return 0;
		s = span_skip(s, step);
		n++;
	}
	return n;
}

/* Take the last part away; a drive stays. */
static void
path_up(struct parsing *p, size_t root)
{
	struct span path = span_skip(buf_span(p->out), root);

	if (path.n == 3 && is_drive(p, span_skip(path, 1)))
		return;
	while (p->out->n > root)
		if (p->out->p[--p->out->n] == '/')
			return;
}

static int
part_print(struct parsing *p, size_t root, struct span part, bool is_last)
{
	unsigned n = dots(part);
	size_t at = p->out->n;

	if (n == 2)
		path_up(p, root);
	if (n == 1 || n == 2)
		return is_last ? buf_append_byte(p->out, '/', p->err) : 0;
	if (buf_append_byte(p->out, '/', p->err) < 0 ||
	    weburl_encode(p->out, part, p->path_set, p->err) < 0)
		return -1;
	if (at == root && part.n == 2 && is_drive(p, part))
		p->out->p[at + 2] = ':';
	return 0;
}

/* "/a/b", the leading slash being there or not. */
static int
path_print(struct parsing *p, struct span s)
{
	size_t root = p->out->n;

	if (s.n && is_slash(p, s.p[0]))
		s = span_skip(s, 1);
	for (;;) {
		size_t n = 0;

		while (n < s.n && !is_slash(p, s.p[n]))
			n++;
		if (part_print(p, root, span_of(s.p, n), n == s.n) < 0)
			return -1;
		if (n == s.n)
			break;
		s = span_skip(s, n + 1);
	}
	struct span path = span_skip(buf_span(p->out), root);
	if (p->has_host || path.n < 2 || path.p[1] != '/')
		return 0;
	/* "foo:/.//x": without the dot it would read as a host. */
	AUTO(buf_clear) struct buf kept = BUF_INIT(WEBURL_BYTES_MAX * 3ul);
	if (buf_append(&kept, path, p->err) < 0)
		return -1;
	p->out->n = root;
	return buf_append_str(p->out, "/.", p->err) < 0
		       ? -1
		       : buf_append(p->out, buf_span(&kept), p->err);
}

static int
path_read(struct parsing *p)
{
	size_t n = 0;

	while (n < p->left.n && p->left.p[n] != '?' && p->left.p[n] != '#')
		n++;
	struct span path = span_of(p->left.p, n);
	p->left = span_skip(p->left, n);
	if (p->scheme || (path.n && path.p[0] == '/'))
		return path_print(p, path);
	return weburl_encode(p->out, path, "", p->err);
}

static int
query_and_fragment(struct parsing *p)
{
	const uint8_t *hash = p->left.n ? memchr(p->left.p, '#', p->left.n) : NULL;
	struct span query = span_of(p->left.p, hash ? (size_t)(hash - p->left.p) : p->left.n);

	if (query.n && (buf_append_byte(p->out, '?', p->err) < 0 ||
			weburl_encode(p->out, span_skip(query, 1),
				      p->scheme ? SET_QUERY "'" : SET_QUERY, p->err) < 0))
		return -1;
	if (!hash)
		return 0;
	if (buf_append_byte(p->out, '#', p->err) < 0)
		return -1;
	return weburl_encode(p->out, span_skip(p->left, query.n + 1), SET_FRAGMENT, p->err);
}

static int
normalise(struct buf *out, struct span address, const char *path_set, struct err *err)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(WEBURL_BYTES_MAX);
	size_t at = out->n;
	int rc;

	if (clean(&text, address, err) < 0)
		return -1;
	struct parsing p = {
		.out = out, .left = buf_span(&text), .path_set = path_set, .err = err
	};
	rc = scheme_read(&p);
	if (rc == 0)
		rc = host_read(&p);
	if (rc == 0)
		rc = path_read(&p);
	if (rc == 0)
		rc = query_and_fragment(&p);
	if (rc == WEBURL_INVALID)
		out->n = at;
	return rc;
}

int
weburl_normal(struct buf *out, struct span address, struct err *err)
{
	return normalise(out, address, SET_PATH, err);
}

int
weburl_chromium(struct buf *out, struct span address, struct err *err)
{
	return normalise(out, address, SET_PATH "|", err);
}
