/* SPDX-License-Identifier: Apache-2.0 */
/*
 * places: what Firefox derives from addresses and names in places.sqlite.
 *
 * Compared with Firefox ESR 153: Helpers.cpp (HashURL), SQLFunctions.cpp (get_prefix,
 * get_host_and_port), PlacesUtils.sys.mjs (getReversedHost).
 */
#ifndef APPS_PLACES_H
#define APPS_PLACES_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

#define PLACES_GUID_BYTES 13    /* 12 characters of base64url, and NUL */
#define PLACES_URL_MAX    65536 /* bytes: DB_URL_LENGTH_MAX */

/** moz_places.url_hash: 16 bits of its scheme above 32 of its first 1500 bytes. */
int64_t places_url_hash(struct span url);

/** moz_places.rev_host: its host and port, backwards, and a dot. */
int places_rev_host(struct buf *out, struct span url, struct err *err);

/** moz_origins.prefix ("https://") and .host ("example.org:8080"): borrowed from @url. */
void places_origin(struct span *prefix, struct span *host, struct span url);

/** A new id, as Firefox makes them. */
void places_guid_random(char out[static PLACES_GUID_BYTES]);

/** The id that we give a folder of that name in that parent: so that a folder of ours is known
 *  by it, when undo has emptied it. */
void places_guid_of_folder(char out[static PLACES_GUID_BYTES], struct span parent_guid,
			   struct span title);

#endif
