/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gvdb: reading a GVDB file, in which dconf and GNOME Web keep tables of keys and values.  No library of
 * Debian offers this to C.
 *
 *     header  24 bytes: "GVariant", version 0, options, root table's start and end (u32 each)
 *     table   n_bloom (low 27 bits), n_buckets, bloom words, buckets (u32 each), items
 *     item    24 bytes: hash u32, parent u32, key start u32, key size u16, type u8, -, start u32, end u32
 *             type 'v': a value of type v (GVariant, little-endian); 'H': a table; else a bare key
 *
 * Source: gvdb-format.h, gvdb-reader.c (gitlab.gnome.org/GNOME/gvdb); values: the GVariant
 * Specification 1.0, 2.3 to 2.5.  Bounded by the file, whatever it says; nothing is trusted.
 */
#ifndef APPS_GVDB_H
#define APPS_GVDB_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

struct gvdb_table {
	struct span file;
	size_t items; /* where they begin */
	size_t n;
};

struct gvdb_item {
	struct span key; /* its own part, where it has a parent: such items are passed over */
	char type;       /* 'v', 'H', … */
	struct span value;
};

/** The root table.  ERR_SYNTAX (no such file, or damaged), ERR_UNSUPPORTED (of the other byte order, or
 *  a later version). */
int gvdb_open(struct gvdb_table *out, struct span file, struct err *err);

/** The table @name in @table.  False: there is none. */
bool gvdb_table(struct gvdb_table *out, const struct gvdb_table *table, const char *name);

/** The @nth item.  False: it lies outside the file, or has a parent. */
bool gvdb_item(struct gvdb_item *out, const struct gvdb_table *table, size_t nth);

/* A bookmark of GNOME Web: (xssxbas), earlier (xssdbas).  Borrowed from the file. */
struct gvdb_bookmark {
	int64_t added_us; /* since 1970 */
	struct span title, id;
	struct span tags[64]; /* more of them nobody gives */
	size_t n_tags;
};

/** ERR_SYNTAX: it is none. */
int gvdb_bookmark_parse(struct gvdb_bookmark *out, struct span value, struct err *err);

#endif
