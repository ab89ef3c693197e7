/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chromium_json: the file `Bookmarks` of a Chromium profile as a JSON tree (json-c), read in pieces and
 * written in Chromium's own layout, so that what was not meant stays as it was, to the byte.
 *
 *     {
 *        "checksum": "MD5",
 *        "roots": {
 *           "bookmark_bar": {
 *              "children": [ {
 *                 "date_added": "13440137266474030",         microseconds since 1601
 *                 "guid": "UUID", "id": "5", "name": "…", "type": "url", "url": "…"
 *              } ], … "type": "folder"
 *           },
 *           "other": {…}, "synced": {…}
 *        },
 *        "version": 1
 *     }
 *
 * Sources: chromium/src components/bookmarks/browser/bookmark_codec.cc, base/json/json_writer.cc;
 * compared with Chromium 156.
 */
#ifndef APPS_CHROMIUM_JSON_H
#define APPS_CHROMIUM_JSON_H

#include <json-c/json.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

#define CHROMIUM_BYTES_MAX      ((size_t)256 << 20)
#define CHROMIUM_DEPTH_MAX      4096 /* of the JSON: twice that of the folders */
#define CHROMIUM_CHECKSUM_BYTES 33   /* 32 digits and NUL */

/** json_object_put() */
void chromium_free(struct json_object *tree);
AUTO_PTR(chromium_free, struct json_object);

/* Reads a file piece by piece. */
struct chromium_reader {
	struct json_tokener *tokener;
	struct json_object *tree;
	size_t bytes;
	bool ended;
};

int chromium_reader_begin(struct chromium_reader *r, struct err *err);
/** The next bytes.  ERR_SYNTAX (no JSON), ERR_LIMIT, ERR_NOMEM. */
int chromium_reader_feed(struct chromium_reader *r, struct span piece, struct err *err);
/** That was all: @out receives the tree, whose version and roots are as known.  ERR_SYNTAX,
 *  ERR_UNSUPPORTED (another version). */
int chromium_reader_end(struct json_object **out, struct chromium_reader *r, struct err *err);
void chromium_reader_clear(struct chromium_reader *r);
AUTO_OBJ(chromium_reader_clear, struct chromium_reader);

/** The whole of @text at once. */
int chromium_parse(struct json_object **out, struct span text, struct err *err);

/** An empty file's tree: the three roots with the ids that Chromium gives them. */
int chromium_new(struct json_object **out, int64_t now_us, struct err *err);

/** The member @key of @node as a string; empty where it is none. */
struct span chromium_text(struct json_object *node, const char *key);
/** Its children; NULL where it has none. */
struct json_object *chromium_children(struct json_object *node);
/** roots.@name */
struct json_object *chromium_root(struct json_object *tree, const char *name);

/** The checksum of the three roots. */
int chromium_checksum(char out[static CHROMIUM_CHECKSUM_BYTES], struct json_object *tree,
		      struct err *err);

typedef int chromium_write_fn(void *ctx, struct span piece, struct err *err);

/** Give @fn the file's text, in pieces. */
int chromium_print(struct json_object *tree, chromium_write_fn *fn, void *ctx, struct err *err);

#endif
