/* SPDX-License-Identifier: Apache-2.0 */
/* bookmark: see bookmark.h. */
#include "item/bookmark.h"

#include <strings.h>

#include "base/array.h"
#include "base/bytes.h"
#include "base/text.h"
#include "base/when.h"
#include "item/arena.h"
#include "item/card_print.h"
#include "item/component.h"
#include "item/parse.h"
#include "item/weburl.h"

static const char *const roots[BOOKMARK_ROOTS] = {
	[BOOKMARK_TOOLBAR] = "toolbar",
	[BOOKMARK_MENU] = "menu",
	[BOOKMARK_UNFILED] = "unfiled",
	[BOOKMARK_MOBILE] = "mobile",
};

static const struct item_style ours = { ITEM_BOOKMARK, ITEM_CRLF };

void
bookmark_clear(struct bookmark *b)
{
	free(b->folders);
	free(b->tags);
	arena_free(b->arena);
	*b = (struct bookmark){ .root = BOOKMARK_TOOLBAR };
}

/* ---- writing ---- */

/* A folder's name within the path: `/` as %2F, `%` as %25. */
static int
append_folder(struct buf *out, struct span name, struct err *err)
{
	for (size_t i = 0; i < name.n; i++) {
		uint8_t c = name.p[i];
		if (c == '/' || c == '%' ? buf_append_fmt(out, err, "%%%02X", c) < 0
					 : buf_append_byte(out, c, err) < 0)
			return -1;
	}
	return 0;
}

static int
print_folder(struct buf *out, const struct bookmark *b, struct err *err)
{
	AUTO(buf_clear) struct buf path = BUF_INIT(ITEM_BYTES_MAX);

	if (buf_append_str(&path, roots[b->root], err) < 0)
		return -1;
	for (size_t i = 0; i < b->n_folders; i++)
		if (buf_append_byte(&path, '/', err) < 0 ||
		    append_folder(&path, b->folders[i], err) < 0)
			return -1;
	return component_print_text(out, "FOLDER", buf_span(&path), ours, err);
}

static int
print_tags(struct buf *out, const struct bookmark *b, struct err *err)
{
	for (size_t i = 0; i < b->n_tags; i++)
		if (component_print_text(out, "TAG", b->tags[i], ours, err) < 0)
			return -1;
	return 0;
}

static int
print_if_any(struct buf *out, const char *name, struct span text, struct err *err)
{
	return text.n ? component_print_text(out, name, text, ours, err) : 0;
}

static int
print_added(struct buf *out, int64_t at_unix_ms, struct err *err)
{
	char when[WHEN_TEXT_BYTES];

	if (at_unix_ms == 0)
		return 0;
	when_print(when, at_unix_ms);
	return component_print_text(out, "ADDED", span_str(when), ours, err);
}

static int
bookmark_open(struct buf *out, struct item_style style, struct err *err)
{
	return component_print_line(out, "BEGIN:VBKM", style, err) < 0
		       ? -1
		       : component_print_line(out, "VERSION:1.0", style, err);
}

static int
bookmark_close(struct buf *out, struct item_style style, struct err *err)
{
	return component_print_line(out, "END:VBKM", style, err);
}

int
bookmark_print(struct buf *out, const struct bookmark *b, struct err *err)
{
	return bookmark_open(out, ours, err) < 0 || print_folder(out, b, err) < 0 ||
			       component_print_text(out, "URL", b->url, ours, err) < 0 ||
			       print_if_any(out, "TITLE", b->title, err) < 0 ||
			       print_tags(out, b, err) < 0 ||
			       print_if_any(out, "KEYWORD", b->keyword, err) < 0 ||
			       print_if_any(out, "DESCRIPTION", b->description, err) < 0 ||
			       print_added(out, b->added_unix_ms, err) < 0
		       ? -1
		       : bookmark_close(out, ours, err);
}

/* ---- reading ---- */

static int
keep(struct bookmark *b, struct span *out, struct span text, struct err *err)
{
	const char *copy;

	if (arena_string(&b->arena, &copy, text, err) < 0)
		return -1;
	*out = span_str(copy);
	return 0;
}

static int
add_folder(struct bookmark *b, struct span part, struct err *err)
{
	AUTO(buf_clear) struct buf name = BUF_INIT(ITEM_BYTES_MAX);

	for (size_t i = 0; i < part.n; i++) {
		uint8_t c = part.p[i];
		if (c == '%' && i + 2 < part.n && hex_decode(&c, 1, span_of(part.p + i + 1, 2)))
			i += 2;
		if (buf_append_byte(&name, c, err) < 0)
			return -1;
	}
	if (array_reserve((void **)&b->folders, &b->cap_folders, b->n_folders + 1,
			  sizeof *b->folders, BOOKMARK_DEPTH_MAX, err) < 0)
		return -1;
	return keep(b, &b->folders[b->n_folders++], buf_span(&name), err);
}

static int
read_root(struct bookmark *b, struct span name, struct err *err)
{
	for (int i = 0; i < BOOKMARK_ROOTS; i++)
		if (span_equal(name, span_str(roots[i]))) {
			b->root = (enum bookmark_root)i;
			return 0;
		}
	return err_set(
		err, ERR_SYNTAX,
		"a bookmark whose folder begins with none of toolbar, menu, unfiled and mobile");
}

static int
read_folder(struct bookmark *b, struct span path, struct err *err)
{
	for (bool first = true;; first = false) {
		const uint8_t *slash = path.n ? memchr(path.p, '/', path.n) : NULL;
		struct span part = span_of(path.p, slash ? (size_t)(slash - path.p) : path.n);
		if (first ? read_root(b, part, err) < 0 : add_folder(b, part, err) < 0)
			return -1;
		if (!slash)
			return 0;
		path = span_skip(path, part.n + 1);
	}
}

static int
read_tags(struct bookmark *b, const struct value *v, struct err *err)
{
	for (size_t i = 0; i < v->n_parts; i++) {
		if (value_is_empty(v, i))
			continue;
		if (array_reserve((void **)&b->tags, &b->cap_tags, b->n_tags + 1, sizeof *b->tags,
				  BOOKMARK_TAGS_MAX, err) < 0 ||
		    keep(b, &b->tags[b->n_tags++], value_part(v, i), err) < 0)
			return -1;
	}
	return 0;
}

struct reading {
	struct bookmark *b;
	bool has_folder;
};

static bool
is(struct span name, const char *word)
{
	return name.n == strlen(word) && strncasecmp((const char *)name.p, word, name.n) == 0;
}

static int
read_property(void *ctx, struct span name, const struct value *v, struct err *err)
{
	struct reading *r = ctx;
	struct bookmark *b = r->b;
	struct span text = value_part(v, 0);
	struct err ignored;

	if (is(name, "FOLDER") && !r->has_folder) {
		r->has_folder = true;
		return read_folder(b, text, err);
	}
	if (is(name, "TAG"))
		return read_tags(b, v, err);
	if (is(name, "ADDED") && when_parse(&b->added_unix_ms, text, &ignored) < 0)
		b->added_unix_ms = 0;
	struct span *into = is(name, "URL")           ? &b->url
			    : is(name, "TITLE")       ? &b->title
			    : is(name, "KEYWORD")     ? &b->keyword
			    : is(name, "DESCRIPTION") ? &b->description
						      : NULL;
	return into && !into->n ? keep(b, into, text, err) : 0;
}

int
bookmark_parse(struct bookmark *out, struct span bytes, struct err *err)
{
	AUTO(item_free) struct item *it = NULL;
	AUTO(bookmark_clear) struct bookmark b = { .root = BOOKMARK_UNFILED };
	struct reading r = { .b = &b };

	if (form_bookmark.parse(&it, bytes, "", 1, NULL, err) < 0 ||
	    component_each(bytes, ITEM_BOOKMARK, read_property, &r, err) < 0)
		return -1;
	if (!b.url.n || !r.has_folder)
		return err_set(err, ERR_SYNTAX, "a bookmark without URL or FOLDER");
	*out = b;
	b = (struct bookmark){ .arena = NULL };
	return 0;
}

/* ---- the form ---- */

/* Two spellings of one address that every browser makes the same of are one (weburl.h); what no browser
 * takes stays as it is. */
static int
key_address(struct item *it, struct err *err)
{
	AUTO(buf_clear) struct buf normal = BUF_INIT(4 * ITEM_BYTES_MAX);
	size_t i = 0;
	int rc;

	while (i < it->n_fields && strcmp(it->fields[i].name, "URL") != 0)
		i++;
	if (i == it->n_fields)
		return 0;
	rc = weburl_chromium(&normal, span_str(it->fields[i].value), err);
	if (rc == 0)
		it->fields[i].key = it->fields[i].stored_key = key_hash(buf_span(&normal));
	return rc < 0 ? -1 : 0;
}

static int
name_item(struct parse *p, struct err *err)
{
	static const char *const who[] = { "FOLDER", "URL" }, *const names[] = { "TITLE", "URL" };

	p->it->name = component_first_value(p->it, names, 2);
	if (key_address(p->it, err) < 0)
		return -1;
	return component_content_id(p, "bookmark:", who, 2, &p->it->uid, err);
}

static const struct component_kind kind = { "VBKM", ITEM_BOOKMARK, &form_bookmark, name_item };

static int
parse(struct item **out, struct span bytes, const char *source, unsigned line,
      const struct item_profile *profile, struct err *err)
{
	return component_parse(out, bytes, source, line, profile, &kind, err);
}

const struct form form_bookmark = {
	.name = "bookmark",
	.types = { "text/x-vbookmark" },
	.kind = FORM_BOOKMARK,
	.match = FORM_BY_UID,
	.counted = true,
	.content_lines = true,
	.unwritable = N_("this value cannot be written into the bookmark"),
	.parse = parse,
	.open = bookmark_open,
	.close = bookmark_close,
	.print = component_print,
	.print_member = card_print_member,
	.group = card_group,
};
