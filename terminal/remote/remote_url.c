/* SPDX-License-Identifier: Apache-2.0 */
/* remote_url: see remote_url.h.  The text is taken apart by libcurl's URL parser; what a server's
 * address may hold is decided here. */
#include "remote/remote_url.h"

#include <curl/curl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/auto.h"
#include "base/text.h"

static void
curlu_free(CURLU *u)
{
	curl_url_cleanup(u);
}
AUTO_PTR(curlu_free, CURLU);

static void
part_free(char *s)
{
	curl_free(s);
}
AUTO_PTR(part_free, char);

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

static int
parse_host(struct remote_url *out, CURLU *u, struct err *err)
{
	AUTO(part_free) char *host = NULL;
	AUTO(part_free) char *port = NULL;
	size_t n;

	if (curl_url_get(u, CURLUPART_HOST, &host, 0) || !host[0])
		return no_url(err, N_("it names no host"));
	n = strlen(host);
	if (host[0] == '[' && n > 2) { /* [::1] */
		memmove(host, host + 1, n - 2);
		host[n - 2] = 0;
		n -= 2;
	}
	if (n >= sizeof out->host)
		return no_url(err, N_("its host is too long"));
	for (size_t i = 0; i <= n; i++)
		out->host[i] = (char)(host[i] >= 'A' && host[i] <= 'Z' ? host[i] + 32 : host[i]);

	out->port = REMOTE_PORT_DEFAULT;
	if (curl_url_get(u, CURLUPART_PORT, &port, 0) == 0) {
		unsigned long v = strtoul(port, NULL, 10);

		if (v == 0 || v > 65535)
			return no_url(err, N_("its port is not between 1 and 65535"));
		out->port = (uint16_t)v;
	}
	if (!out->tls && !is_loopback(out->host))
		return no_url(err, N_("without TLS (http) only this machine itself may be named"));
	return 0;
}

static int
parse_path(struct remote_url *out, CURLU *u, struct err *err)
{
	AUTO(part_free) char *path = NULL;

	if (curl_url_get(u, CURLUPART_PATH, &path, 0) || strcmp(path, "/") == 0) {
		out->kind = REMOTE_URL_SERVER;
		return 0;
	}
	if (strncmp(path, "/i/", 3) == 0)
		out->kind = REMOTE_URL_INVITATION;
	else if (strncmp(path, "/p/", 3) == 0)
		out->kind = REMOTE_URL_PAIRING;
	else
		return no_url(err,
			      N_("what follows the host is neither an invitation nor a pairing"));
	if (!base64url_decode(out->code, sizeof out->code, span_str(path + 3)))
		return no_url(err, N_("its code is cut short or mistyped"));
	return 0;
}

/* pin=… and s=…, joined by '&'; other members are for later versions. */
static int
parse_fragment(struct remote_url *out, CURLU *u, struct err *err)
{
	AUTO(part_free) char *fragment = NULL;
	bool secret = false;

	if (curl_url_get(u, CURLUPART_FRAGMENT, &fragment, 0) == 0)
		for (char *at = fragment, *next; at; at = next) {
			struct span value;

			next = strchr(at, '&');
			if (next)
				*next++ = 0;
			if (strncmp(at, "pin=", 4) == 0) {
				value = span_str(at + 4);
				if (!base64url_decode(out->pin, sizeof out->pin, value))
					return no_url(err, N_("its pin is cut short or mistyped"));
				out->pinned = true;
			} else if (strncmp(at, "s=", 2) == 0) {
				value = span_str(at + 2);
				secret = base64url_decode(out->secret, sizeof out->secret, value);
				if (!secret)
					return no_url(err,
						      N_("its secret is cut short or mistyped"));
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
	AUTO(curlu_free) CURLU *u = curl_url();
	struct remote_url url = { 0 };
	char copy[REMOTE_URL_TEXT_BYTES];
	AUTO(part_free) char *extra = NULL;

	if (!u)
		return err_nomem(err);
	line = trim(line);
	if (line.n == 0 || line.n >= sizeof copy || memchr(line.p, 0, line.n))
		return no_url(err, N_("it is empty or far too long"));
	memcpy(copy, line.p, line.n);
	copy[line.n] = 0;
	url.tls = strncasecmp(copy, "https://", 8) == 0;
	if (!url.tls && strncasecmp(copy, "http://", 7) != 0)
		return no_url(err, N_("it does not begin with https://"));
	if (curl_url_set(u, CURLUPART_URL, copy, 0))
		return no_url(err, N_("it is no URL"));
	if (parse_host(&url, u, err) < 0 || parse_path(&url, u, err) < 0 ||
	    parse_fragment(&url, u, err) < 0)
		return -1;
	if (curl_url_get(u, CURLUPART_USER, &extra, 0) == 0 ||
	    curl_url_get(u, CURLUPART_QUERY, &extra, 0) == 0)
		return no_url(err, N_("it has a user or a question mark"));

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
