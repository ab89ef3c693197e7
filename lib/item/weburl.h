/* SPDX-License-Identifier: Apache-2.0 */
/*
 * weburl: a web address in the one form in which browsers keep it.
 *
 *     HTTP://Bücher.de:80/a b/../c   ->   http://xn--bcher-kva.de/c
 *
 * The parser and serializer of the URL Standard (url.spec.whatwg.org, "basic URL parser" without a
 * base).  Two addresses of one form are the same page to every browser; nothing more is taken for
 * equal: "%7E" and "~", with and without "?" stay apart.  Bytes that are no UTF-8 are encoded as
 * they are.  Of names beyond ASCII those are taken that IDNA 2008 allows (libidn2): no emoji.
 */
#ifndef ITEM_WEBURL_H
#define ITEM_WEBURL_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

#define WEBURL_INVALID   1 /* no browser takes it: no scheme, no host, a port over 65535 */
#define WEBURL_BYTES_MAX (64u << 20) /* a data: address can be long */

/** Append the normal form of @address to @out.  0, WEBURL_INVALID (@out is as it was), or -1:
 *  ERR_NOMEM, ERR_LIMIT.  Linear time. */
int weburl_normal(struct buf *out, struct span address, struct err *err);

/** The same as Chromium has it, with `|` in a path encoded: the key of a bookmark, in both browsers. */
int weburl_chromium(struct buf *out, struct span address, struct err *err);

#endif
