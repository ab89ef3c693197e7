/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bookmark: a bookmark as bytes, the same whatever browser it lies in (docs/formats/items.md):
 *
 *     BEGIN:VBKM
 *     VERSION:1.0
 *     FOLDER:toolbar/Work/A%2FB
 *     URL:https://example.org/
 *     TITLE:Example
 *     TAG:news,two words
 *     KEYWORD:ex
 *     ADDED:2026-01-02T03:04:05.678Z
 *     END:VBKM
 *
 * FOLDER and URL say which bookmark it is: another title is the same bookmark, the same URL in two
 * folders is two bookmarks; addresses are compared in the form in which browsers keep them (weburl.h).
 * An app has one title, keyword and description for it.
 */
#ifndef ITEM_BOOKMARK_H
#define ITEM_BOOKMARK_H

#include <stdint.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

/* The folders that every browser has, by what they are for; names differ. */
enum bookmark_root {
	BOOKMARK_TOOLBAR, /* "toolbar": Firefox toolbar_____, Chromium bookmark_bar */
	BOOKMARK_MENU,    /* "menu": Firefox menu________ */
	BOOKMARK_UNFILED, /* "unfiled": Firefox unfiled_____, Chromium other; where there are no folders */
	BOOKMARK_MOBILE, /* "mobile": Firefox mobile______, Chromium synced */
};

#define BOOKMARK_ROOTS     (BOOKMARK_MOBILE + 1)
#define BOOKMARK_DEPTH_MAX 1000u /* folders within one another */
#define BOOKMARK_TAGS_MAX  10000u

struct item_arena;

/* Texts are UTF-8; empty: it has none.  What is parsed is owned by the bookmark; what is printed is
 * borrowed from the caller. */
struct bookmark {
	enum bookmark_root root;
	struct span *folders; /* names below the root, outermost first */
	size_t n_folders;
	struct span url; /* as stored, to the byte */
	struct span title, keyword, description;
	struct span *tags;
	size_t n_tags;
	int64_t added_unix_ms; /* 0: unknown */
	struct item_arena *arena;
	size_t cap_folders, cap_tags;
};

/** Of a parsed one. */
void bookmark_clear(struct bookmark *b);
AUTO_OBJ(bookmark_clear, struct bookmark);

/** Append it as form_bookmark has it: the same bytes for the same bookmark.  ERR_NOMEM, ERR_LIMIT. */
int bookmark_print(struct buf *out, const struct bookmark *b, struct err *err);

/**
 * What the bytes of form_bookmark say; what the browser at hand has no place for is not looked at.
 * @out   zeros.
 * @return 0, or -1: ERR_SYNTAX (no bookmark, no URL, a folder that begins with no root), ERR_LIMIT,
 *         ERR_NOMEM.
 */
int bookmark_parse(struct bookmark *out, struct span bytes, struct err *err);

#endif
