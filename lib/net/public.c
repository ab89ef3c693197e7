/* SPDX-License-Identifier: Apache-2.0 */
/* public: see public.h. */
#include "net/public.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

static const struct {
	uint32_t from;
	unsigned bits;
} not_public[] = {
	{ 0x00000000, 8 },  /* this network */
	{ 0x0a000000, 8 },  /* private */
	{ 0x64400000, 10 }, /* shared, 100.64/10 */
	{ 0x7f000000, 8 },  /* loopback */
	{ 0xa9fe0000, 16 }, /* link-local: also where clouds keep credentials */
	{ 0xac100000, 12 }, /* private */
	{ 0xc0000000, 24 }, /* protocols */
	{ 0xc0000200, 24 }, /* documentation */
	{ 0xc0a80000, 16 }, /* private */
	{ 0xc6120000, 15 }, /* benchmarking */
	{ 0xc6336400, 24 }, /* documentation */
	{ 0xcb007100, 24 }, /* documentation */
	{ 0xe0000000, 4 },  /* multicast */
	{ 0xf0000000, 4 },  /* reserved, broadcast */
};

static bool
v4_is_public(uint32_t a)
{
	for (size_t i = 0; i < sizeof not_public / sizeof *not_public; i++)
		if ((a ^ not_public[i].from) >> (32 - not_public[i].bits) == 0)
			return false;
	return true;
}

static uint32_t
v4_at(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool
begins(const uint8_t *a, const char *bytes, size_t n)
{
	return memcmp(a, bytes, n) == 0;
}

static bool
v6_is_public(const uint8_t a[static 16])
{
	static const char mapped[] = "\0\0\0\0\0\0\0\0\0\0\xff\xff";
	static const char translated[] = "\0\x64\xff\x9b\0\0\0\0\0\0\0\0";

	if (begins(a, mapped, 12) || begins(a, translated, 12))
		return v4_is_public(v4_at(a + 12));
	if (begins(a, "\x20\x02", 2)) /* 6to4 */
		return v4_is_public(v4_at(a + 2));
	if (begins(a, "\x20\x01\x0d\xb8", 4) ||     /* documentation */
	    (begins(a, "\x20\x01", 2) && a[2] < 2)) /* protocols, Teredo */
		return false;
	return a[0] >> 5 == 1;
}

bool
net_is_public(const struct sockaddr *a)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (a->sa_family == AF_INET) {
		memcpy(&v4, a, sizeof v4);
		return v4_is_public(ntohl(v4.sin_addr.s_addr));
	}
	if (a->sa_family != AF_INET6)
		return false;
	memcpy(&v6, a, sizeof v6);
	return v6_is_public(v6.sin6_addr.s6_addr);
}

bool
net_is_loopback(const struct sockaddr *a)
{
	static const uint8_t one[16] = { [15] = 1 };
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (a->sa_family == AF_INET) {
		memcpy(&v4, a, sizeof v4);
		return ntohl(v4.sin_addr.s_addr) >> 24 == 127;
	}
	if (a->sa_family != AF_INET6)
		return false;
	memcpy(&v6, a, sizeof v6);
	return memcmp(v6.sin6_addr.s6_addr, one, sizeof one) == 0;
}
