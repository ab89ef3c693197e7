/* SPDX-License-Identifier: Apache-2.0 */
/* weburl_internal: what weburl.c and weburl_host.c share. */
#ifndef ITEM_WEBURL_INTERNAL_H
#define ITEM_WEBURL_INTERNAL_H

#include "item/weburl.h"

/* A special scheme: its addresses have a host and a path, `\` is `/`. */
struct weburl_scheme {
	const char *name;
	unsigned port; /* its own; file: 0 */
};

/** Append @s; controls, what is not ASCII and the characters of @set as %XX. */
int weburl_encode(struct buf *out, struct span s, const char *set, struct err *err);

/** Append a host (section 3.5).  @special: a domain or an IPv4 address; else anything that is no
 *  IPv6 address stays as it is.  0, WEBURL_INVALID (some of it may have been appended) or -1. */
int weburl_host(struct buf *out, struct span host, bool special, struct err *err);

#endif
