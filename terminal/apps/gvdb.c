/* SPDX-License-Identifier: Apache-2.0 */
/* gvdb: see gvdb.h. */
#include "apps/gvdb.h"

#include "base/bytes.h"

#define HEADER_BYTES 24
#define ITEM_BYTES   24
#define NO_PARENT    0xffffffffu
#define BLOOM_MASK   ((1u << 27) - 1)

static bool
part(struct span *out, struct span file, uint32_t start, uint32_t end)
{
	if (start > end || end > file.n)
		return false;
	*out = span_of(file.p + start, end - start);
	return true;
}

static bool
table_at(struct gvdb_table *out, struct span file, uint32_t start, uint32_t end)
{
	struct span table;

	if (!part(&table, file, start, end) || table.n < 8)
		return false;
	uint64_t head = 8 + 4 * (uint64_t)(get_u32(table.p) & BLOOM_MASK) +
			4 * (uint64_t)get_u32(table.p + 4);
	if (head > table.n)
		return false;
	*out = (struct gvdb_table){ file, start + (size_t)head,
				    (table.n - (size_t)head) / ITEM_BYTES };
	return true;
}

int
gvdb_open(struct gvdb_table *out, struct span file, struct err *err)
{
	if (file.n < HEADER_BYTES ||
	    (memcmp(file.p, "GVariant", 8) != 0 && memcmp(file.p, "raVGtnai", 8) != 0))
		return err_set(err, ERR_SYNTAX, "this is no GVDB file");
	if (file.p[0] != 'G' || get_u32(file.p + 8) != 0)
		return err_set(err, ERR_UNSUPPORTED,
			       "this GVDB file is of a kind that is not known here");
	if (!table_at(out, file, get_u32(file.p + 16), get_u32(file.p + 20)))
		return err_set(err, ERR_SYNTAX, "this GVDB file is damaged");
	return 0;
}

bool
gvdb_item(struct gvdb_item *out, const struct gvdb_table *table, size_t nth)
{
	const uint8_t *p = table->file.p + table->items + nth * ITEM_BYTES;
	uint32_t key = get_u32(p + 8);

	out->type = (char)p[14];
	if (get_u32(p + 4) != NO_PARENT ||
	    !part(&out->key, table->file, key, key + (uint32_t)(p[12] | p[13] << 8)))
		return false;
	if (out->type == 'v' || out->type == 'H')
		return part(&out->value, table->file, get_u32(p + 16), get_u32(p + 20));
	out->value = span_of(NULL, 0);
	return true;
}

bool
gvdb_table(struct gvdb_table *out, const struct gvdb_table *table, const char *name)
{
	struct gvdb_item item;

	for (size_t i = 0; i < table->n; i++) {
		if (!gvdb_item(&item, table, i) || item.type != 'H' ||
		    !span_equal(item.key, span_str(name)))
			continue;
		uint32_t start = (uint32_t)(item.value.p - table->file.p);
		return table_at(out, table->file, start, start + (uint32_t)item.value.n);
	}
	return false;
}

/* ---- values ---- */

/* Bytes of a framing offset in a container of @n bytes. */
static size_t
offset_bytes(size_t n)
{
	return n <= 0xff ? 1 : n <= 0xffff ? 2 : n <= 0xffffffff ? 4 : 8;
}

static size_t
read_offset(const uint8_t *p, size_t bytes)
{
	uint64_t v = 0;

	for (size_t i = bytes; i > 0; i--)
		v = v << 8 | p[i - 1];
	return v > SIZE_MAX / 2 ? SIZE_MAX / 2 : (size_t)v;
}

/* A string from @start to @end of @c, whose NUL is part of it. */
static bool
string(struct span *out, struct span c, size_t start, size_t end)
{
	if (start >= end || end > c.n || c.p[end - 1] != '\0')
		return false;
	*out = span_of(c.p + start, end - start - 1);
	return memchr(out->p, '\0', out->n) == NULL || out->n == 0;
}

/* An array of strings: they, then where each ends. */
static bool
strings(struct gvdb_bookmark *b, struct span c)
{
	size_t width = offset_bytes(c.n), start = 0, ends;

	b->n_tags = 0;
	if (c.n == 0)
		return true;
	if (c.n < width)
		return false;
	ends = read_offset(c.p + c.n - width, width);
	if (ends > c.n || (c.n - ends) % width != 0)
		return false;
	size_t n = (c.n - ends) / width;
	for (size_t i = 0; i < n && b->n_tags < sizeof b->tags / sizeof *b->tags; i++) {
		size_t end = read_offset(c.p + ends + i * width, width);

		if (end > ends || !string(&b->tags[b->n_tags++], c, start, end))
			return false;
		start = end;
	}
	return true;
}

/* The value in a variant: its type stands behind a NUL at the end. */
static bool
unpack(struct span *out, struct span variant)
{
	static const char *const types[] = { "(xssxbas)", "(xssdbas)" };

	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		size_t n = strlen(types[i]);

		if (variant.n <= n || memcmp(variant.p + variant.n - n, types[i], n) != 0 ||
		    variant.p[variant.n - n - 1] != '\0')
			continue;
		*out = span_of(variant.p, variant.n - n - 1);
		return true;
	}
	return false;
}

int
gvdb_bookmark_parse(struct gvdb_bookmark *out, struct span value, struct err *err)
{
	struct span c;
	size_t width, title_end, id_end, tags_at;

	if (!unpack(&c, value) || c.n < 8 + 2)
		return err_set(err, ERR_SYNTAX, "this is no bookmark of a kind that is known here");
	width = offset_bytes(c.n);
	if (c.n < 2 * width)
		return err_set(err, ERR_SYNTAX, "this bookmark is damaged");
	title_end = read_offset(c.p + c.n - width, width);
	id_end = read_offset(c.p + c.n - 2 * width, width);
	tags_at = (id_end + 7) / 8 * 8 + 8 + 1; /* behind the server's time and a boolean */
	if (!string(&out->title, c, 8, title_end) || !string(&out->id, c, title_end, id_end) ||
	    tags_at > c.n - 2 * width ||
	    !strings(out, span_of(c.p + tags_at, c.n - 2 * width - tags_at)))
		return err_set(err, ERR_SYNTAX, "this bookmark is damaged");
	out->added_us = (int64_t)get_u64(c.p);
	return 0;
}
