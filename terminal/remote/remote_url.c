/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remote_url: see remote_url.h.
 *
 * Of a URL's grammar only that small part is known here that an address may have; whatever else is
 * refused.  Not by libcurl's parser, which would load libcurl for a command that asks no server.
 */
#include "remote/remote_url.h"

#include <arpa/inet.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/text.h"

/* A line taken apart; within the copy that it was made of. */
struct parts {
	char *host;     /* IPv6 without brackets */
	char *port;     /* "" if there is none */
	char *path;     /* "" if there is none */
	char *fragment; /* "" if there is none */
	bool v6;
};

static int
no_url(struct err *err, const char *why)
{
	err_set(err, ERR_SYNTAX, "not a Cloudbox address: %s", text(why));
	return err_hint(err, "an address looks like https://HOST:PORT/#pin=...; "
			     "an invitation like https://HOST:PORT/i/CODE#pin=...");
}

/* base64url without padding, exactly @n bytes. */
static bool
base64url_decode(uint8_t *out, size_t n, struct span s)
{
	size_t got = 0;

	return sodium_base642bin(out, n, (const char *)s.p, s.n, NULL, &got, NULL,
				 sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 &&
	       got == n;
}

/* 127.0.0.0/8, ::1, localhost. */
static bool
is_loopback(const char *host)
{
	unsigned a, b, c, d;
	char tail;

	return strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 ||
	       (sscanf(host, "%3u.%3u.%3u.%3u%c", &a, &b, &c, &d, &tail) == 4 && a == 127 &&
		b < 256 && c < 256 && d < 256);
}

/* Cut @s at the first @mark: what follows the mark, or "" at the end of @s. */
static char *
cut(char *s, char mark)
{
	char *at = strchr(s, mark);

	if (!at)
		return s + strlen(s);
	*at = '\0';
	return at + 1;
}

/* HOST, HOST:PORT, [IPV6] or [IPV6]:PORT. */
static bool
split_authority(struct parts *out, char *s)
{
	out->v6 = s[0] == '[';
	out->host = out->v6 ? s + 1 : s;
	out->port = out->host + strlen(out->host);
	if (!out->v6) {
		out->port = cut(out->host, ':');
		return true;
	}
	char *close = strchr(out->host, ']');
	if (!close || (close[1] && close[1] != ':'))
		return false;
	*close = '\0';
	out->port = close[1] ? close + 2 : close + 1;
	return true;
}

/* @s: what follows "https://". */
static int
split(struct parts *out, char *s, struct err *err)
{
	out->fragment = cut(s, '#');
	if (strchr(s, '?') || strchr(s, '@'))
		return no_url(err, N_("it has a user or a question mark"));
	out->path = s + strcspn(s, "/");
	if (out->path[0])
		*out->path++ = '\0';
	return split_authority(out, s) ? 0 : no_url(err, N_("it is no URL"));
}

/* Letters of other scripts stand for themselves (IDN). */
static bool
is_of_a_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
	       c == '_' || (c & 0x80);
}

static int
parse_name(struct remote_url *out, const char *name, struct err *err)
{
	size_t n = strlen(name);

	if (n == 0)
		return no_url(err, N_("it names no host"));
	if (n >= sizeof out->host)
		return no_url(err, N_("its host is too long"));
	for (size_t i = 0; i <= n; i++) {
		char c = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] + 32 : name[i]);

		if (i < n && !is_of_a_name(c))
			return no_url(err, N_("it is no URL"));
		out->host[i] = c;
	}
	return 0;
}

static int
parse_v6(struct remote_url *out, const char *address, struct err *err)
{
	struct in6_addr a;

	if (inet_pton(AF_INET6, address, &a) != 1 ||
	    !inet_ntop(AF_INET6, &a, out->host, sizeof out->host))
		return no_url(err, N_("it is no URL"));
	return 0;
}

static int
parse_host(struct remote_url *out, const struct parts *p, struct err *err)
{
	char *end;

	if (p->v6 ? parse_v6(out, p->host, err) < 0 : parse_name(out, p->host, err) < 0)
		return -1;
	out->port = REMOTE_PORT_DEFAULT;
	if (p->port[0]) {
		unsigned long v = strtoul(p->port, &end, 10);

		if (*end || p->port[0] < '0' || p->port[0] > '9' || v == 0 || v > 65535)
			return no_url(err, N_("its port is not between 1 and 65535"));
		out->port = (uint16_t)v;
	}
	if (!out->tls && !is_loopback(out->host))
		return no_url(err, N_("without TLS (http) only this machine itself may be named"));
	return 0;
}

static int
parse_path(struct remote_url *out, const char *path, struct err *err)
{
	out->kind = REMOTE_URL_SERVER;
	if (!path[0])
		return 0;
	if (strncmp(path, "i/", 2) == 0)
		out->kind = REMOTE_URL_INVITATION;
	else if (strncmp(path, "p/", 2) == 0)
		out->kind = REMOTE_URL_PAIRING;
	else
		return no_url(err,
			      N_("what follows the host is neither an invitation nor a pairing"));
	if (!base64url_decode(out->code, sizeof out->code, span_str(path + 2)))
		return no_url(err, N_("its code is cut short or mistyped"));
	return 0;
}

/* pin=… and s=…, joined by '&'; other members are for later versions. */
static int
parse_fragment(struct remote_url *out, char *fragment, struct err *err)
{
	bool secret = false;

	for (char *at = fragment, *next; at[0]; at = next) {
		next = cut(at, '&');
		if (strncmp(at, "pin=", 4) == 0) {
			if (!base64url_decode(out->pin, sizeof out->pin, span_str(at + 4)))
				return no_url(err, N_("its pin is cut short or mistyped"));
			out->pinned = true;
		} else if (strncmp(at, "s=", 2) == 0) {
			secret =
				base64url_decode(out->secret, sizeof out->secret, span_str(at + 2));
			if (!secret)
				return no_url(err, N_("its secret is cut short or mistyped"));
		}
	}
	if (out->kind == REMOTE_URL_PAIRING && !secret)
		return no_url(err, N_("a pairing needs its secret"));
	if (out->pinned && !out->tls)
		return no_url(err, N_("a pin without TLS (https) means nothing"));
	return 0;
}

static struct span
trim(struct span s)
{
	while (s.n && strchr(" \t\r\n", s.p[0]))
		s = span_skip(s, 1);
	while (s.n && strchr(" \t\r\n", s.p[s.n - 1]))
		s.n--;
	return s;
}

int
remote_url_parse(struct remote_url *out, struct span line, struct err *err)
{
	struct remote_url url = { 0 };
	char copy[REMOTE_URL_TEXT_BYTES];
	struct parts p;

	line = trim(line);
	if (line.n == 0 || line.n >= sizeof copy || memchr(line.p, 0, line.n))
		return no_url(err, N_("it is empty or far too long"));
	memcpy(copy, line.p, line.n);
	copy[line.n] = 0;
	url.tls = strncasecmp(copy, "https://", 8) == 0;
	if (!url.tls && strncasecmp(copy, "http://", 7) != 0)
		return no_url(err, N_("it does not begin with https://"));
	if (split(&p, copy + (url.tls ? 8 : 7), err) < 0 || parse_host(&url, &p, err) < 0 ||
	    parse_path(&url, p.path, err) < 0 || parse_fragment(&url, p.fragment, err) < 0)
		return -1;

	*out = url;
	return 0;
}

static size_t
base64url_print(char *out, size_t room, const uint8_t *p, size_t n)
{
	sodium_bin2base64(out, room, p, n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	return strlen(out);
}

void
remote_url_print(char out[static REMOTE_URL_TEXT_BYTES], const struct remote_url *url)
{
	static const char *const folder[] = {
		[REMOTE_URL_SERVER] = "/",
		[REMOTE_URL_INVITATION] = "/i/",
		[REMOTE_URL_PAIRING] = "/p/",
	};
	bool v6 = strchr(url->host, ':') != NULL;
	size_t room = REMOTE_URL_TEXT_BYTES;
	size_t n = (size_t)snprintf(out, room, "%s://%s%s%s:%u%s", url->tls ? "https" : "http",
				    v6 ? "[" : "", url->host, v6 ? "]" : "", url->port,
				    folder[url->kind]);
	char mark = '#';

	if (url->kind != REMOTE_URL_SERVER)
		n += base64url_print(out + n, room - n, url->code, sizeof url->code);
	if (url->pinned) {
		n += (size_t)snprintf(out + n, room - n, "%cpin=", mark);
		n += base64url_print(out + n, room - n, url->pin, sizeof url->pin);
		mark = '&';
	}
	if (url->kind == REMOTE_URL_PAIRING) {
		n += (size_t)snprintf(out + n, room - n, "%cs=", mark);
		base64url_print(out + n, room - n, url->secret, sizeof url->secret);
	}
}

struct remote_url
remote_url_server(const struct remote_url *url)
{
	struct remote_url server = *url;

	server.kind = REMOTE_URL_SERVER;
	memset(server.code, 0, sizeof server.code);
	sodium_memzero(server.secret, sizeof server.secret);
	return server;
}
