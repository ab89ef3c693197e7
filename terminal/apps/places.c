/* SPDX-License-Identifier: Apache-2.0 */
/* places: see places.h. */
#include "apps/places.h"

#include <sodium.h>

#include "base/bytes.h"
#include "os/os.h"

#define GOLDEN_RATIO 0x9e3779b9u
#define HASHED_MAX   1500 /* bytes of an address that are hashed */
#define SCHEME_MAX   50   /* bytes in which its colon is looked for */
#define PREFIX_MAX   64
#define GUID_BINARY  9

static uint32_t
hash(struct span s)
{
	uint32_t h = 0;

	for (size_t i = 0; i < s.n; i++)
		h = GOLDEN_RATIO * ((h << 5 | h >> 27) ^ s.p[i]);
	return h;
}

static struct span
first(struct span s, size_t n)
{
	return span_of(s.p, s.n < n ? s.n : n);
}

int64_t
places_url_hash(struct span url)
{
	struct span head = first(url, SCHEME_MAX);
	const uint8_t *colon = head.n ? memchr(head.p, ':', head.n) : NULL;
	uint64_t scheme = colon ? hash(span_of(url.p, (size_t)(colon - url.p))) & 0xffff : 0;

	return (int64_t)((scheme << 32) + hash(first(url, HASHED_MAX)));
}

void
places_origin(struct span *prefix, struct span *host, struct span url)
{
	struct span head = first(url, PREFIX_MAX);
	const uint8_t *colon = head.n ? memchr(head.p, ':', head.n) : NULL;
	size_t n = colon ? (size_t)(colon - url.p) + 1 : 0, at, end;

	if (n && url.n - n >= 2 && url.p[n] == '/' && url.p[n + 1] == '/')
		n += 2;
	for (at = end = n; end < url.n && !(url.p[end] && strchr("/?#", url.p[end])); end++)
		if (url.p[end] == '@')
			at = end + 1;
	*prefix = span_of(url.p, n);
	*host = span_of(url.p + at, end - at);
}

int
places_rev_host(struct buf *out, struct span url, struct err *err)
{
	struct span prefix, host;

	places_origin(&prefix, &host, url);
	if (prefix.n == 0 || prefix.p[prefix.n - 1] != '/')
		host.n = 0; /* "javascript:…" has none */
	for (size_t i = host.n; i > 0; i--)
		if (buf_append_byte(out, host.p[i - 1], err) < 0)
			return -1;
	return buf_append_byte(out, '.', err);
}

static void
guid_print(char out[static PLACES_GUID_BYTES], const uint8_t binary[static GUID_BINARY])
{
	sodium_bin2base64(out, PLACES_GUID_BYTES, binary, GUID_BINARY,
			  sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

void
places_guid_random(char out[static PLACES_GUID_BYTES])
{
	uint8_t binary[GUID_BINARY];

	os_random(binary, sizeof binary);
	guid_print(out, binary);
}

void
places_guid_of_folder(char out[static PLACES_GUID_BYTES], struct span parent_guid,
		      struct span title)
{
	static const char purpose[] = "cloudbox folder";
	crypto_generichash_state state;
	uint8_t digest[crypto_generichash_BYTES];

	crypto_generichash_init(&state, NULL, 0, sizeof digest);
	crypto_generichash_update(&state, (const uint8_t *)purpose, sizeof purpose);
	crypto_generichash_update(&state, parent_guid.p, parent_guid.n);
	crypto_generichash_update(&state, (const uint8_t *)"", 1);
	crypto_generichash_update(&state, title.p, title.n);
	crypto_generichash_final(&state, digest, sizeof digest);
	guid_print(out, digest);
}
