/* SPDX-License-Identifier: Apache-2.0 */
/*
 * export_out: where an export goes.
 *
 *     FILE.tar             a tar (pax, by libarchive): a file for each item
 *     FILE/, or whole files a new or empty folder: a file for each item
 *     any other FILE        one file, all items in it
 *
 * A file or tar is written beside its place and linked into it when it is whole, never over
 * anything.  In a folder each file is (apps/item_writer.h).
 *
 *     export_out_new -> (export_out_begin, _write*, _end | _drop)* -> export_out_finish
 */
#ifndef CONVERT_EXPORT_OUT_H
#define CONVERT_EXPORT_OUT_H

#include "apps/apps.h"

struct export_out; /* opaque */

/** @texts: the items have a text that one file can hold.  ERR_EXISTS, ERR_IO, ERR_USAGE, ERR_NOMEM. */
int export_out_new(struct export_out **out, const char *to, bool texts, struct err *err);
/** What is not finished goes, except for files that stand in a folder already. */
void export_out_free(struct export_out *o);
AUTO_PTR(export_out_free, struct export_out);

/** Do all items go into one file? */
bool export_out_is_one(const struct export_out *o);

/* What is about to be written. */
struct export_entry {
	const char *path; /* relative; used by folders and tars */
	uint64_t size;    /* bytes that will come: exactly so many */
	int64_t modified_unix_ms;
};

/** 0, APP_EXISTS (there is an entry of that path: take another), or -1. */
int export_out_begin(struct export_out *o, const struct export_entry *e, struct err *err);
int export_out_write(struct export_out *o, struct span piece, struct err *err);
/** 0, APP_EXISTS, or -1. */
int export_out_end(struct export_out *o, struct err *err);
/** The entry that was begun is not to be: nothing of it remains. */
int export_out_drop(struct export_out *o, struct err *err);

/** Durable and in place.  ERR_EXISTS, ERR_IO, ERR_FULL. */
int export_out_finish(struct export_out *o, struct err *err);

/** Bytes written so far, the container's own included. */
uint64_t export_out_bytes(const struct export_out *o);

#endif
