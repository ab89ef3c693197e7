/* SPDX-License-Identifier: Apache-2.0 */
/* bookmark_html: see bookmark_html.h.  Reading; writing is bookmark_html_print.c. */
#include "item/bookmark_html.h"

#include <stdlib.h>
#include <strings.h>

#include "base/array.h"
#include "item/arena.h"
#include "item/markup.h"

#define TEXT_MAX ((size_t)ITEM_BYTES_MAX)

static bool
is(struct span name, const char *word)
{
	return name.n == strlen(word) && strncasecmp((const char *)name.p, word, name.n) == 0;
}

static bool
is_open(const struct markup *tag, const char *word)
{
	return (tag->kind == MARKUP_OPEN || tag->kind == MARKUP_EMPTY) && is(tag->name, word);
}

static bool
is_close(const struct markup *tag, const char *word)
{
	return tag->kind == MARKUP_CLOSE && is(tag->name, word);
}

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The next tag.  What is none is text: only its `<` is passed over, so that nothing behind it is lost. */
static int
next_tag(struct markup_cursor *c, struct markup *out)
{
	int rc;

	while ((rc = markup_next(c, out)) == 0 && out->kind == MARKUP_BAD) {
		c->at = out->range.start + 1;
		c->line = out->line;
	}
	return rc;
}

/* Tags that end what stands before them, whether it has an end tag or not. */
static bool
is_structure(const struct markup *tag)
{
	static const char *const words[] = { "DT", "DL", "H3", "HR", "A" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (is_open(tag, words[i]))
			return true;
	return is_close(tag, "DL") || is_close(tag, "HTML") || is_close(tag, "BODY");
}

/* ---- cutting a text into its parts ---- */

struct splitting {
	bookmark_html_fn *fn;
	void *ctx;
};

/* A part that began with @first ends where?  0 with @end, or MARKUP_CUT. */
static int
find_end(struct markup_cursor c, const struct markup *first, const char *word, size_t *end)
{
	bool closed = false, described = false;
	struct markup tag;
	int rc;

	*end = first->range.end;
	while ((rc = next_tag(&c, &tag)) == 0) {
		if (is_structure(&tag) || (closed && !described && !is_open(&tag, "DD")))
			break;
		if (described && is_open(&tag, "DD"))
			break;
		if (is_close(&tag, word)) {
			closed = true;
			*end = tag.range.end;
			if (strcmp(word, "A") != 0)
				return 0;
		} else if (is_open(&tag, "DD")) {
			closed = described = true;
		}
	}
	if (rc == MARKUP_CUT || (rc == MARKUP_END && c.more))
		return MARKUP_CUT;
	/* Without its end tag, or with a description, it reaches to the next part. */
	if (!closed || described)
		*end = rc == 0 ? tag.range.start : c.source.n;
	while (*end > first->range.end && is_blank(c.source.p[*end - 1]))
		--*end;
	return 0;
}

/* Which part does a tag begin?  -1: none. */
static int
kind_of(const struct markup *tag)
{
	return is_open(tag, "A")     ? (int)BOOKMARK_HTML_LINK
	       : is_open(tag, "H3")  ? (int)BOOKMARK_HTML_FOLDER
	       : is_open(tag, "DL")  ? (int)BOOKMARK_HTML_OPEN
	       : is_close(tag, "DL") ? (int)BOOKMARK_HTML_CLOSE
				     : -1;
}

/* 0, MARKUP_CUT or -1. */
static int
give(struct splitting *s, struct text_window *w, struct markup_cursor *c, const struct markup *tag,
     struct err *err)
{
	struct bookmark_html_part part = { .line = tag->line };
	size_t end = tag->range.end;
	int kind = kind_of(tag);

	if (kind < 0)
		return 0;
	part.kind = (enum bookmark_html_kind)kind;
	if (part.kind == BOOKMARK_HTML_LINK || part.kind == BOOKMARK_HTML_FOLDER) {
		if (find_end(*c, tag, part.kind == BOOKMARK_HTML_LINK ? "A" : "H3", &end) ==
		    MARKUP_CUT)
			return MARKUP_CUT;
		for (size_t i = c->at; i < end; i++)
			c->line += w->text.p[i] == '\n';
		c->at = end;
	}
	part.offset = w->offset + tag->range.start;
	part.bytes = span_of(w->text.p + tag->range.start, end - tag->range.start);
	return s->fn(s->ctx, &part, err);
}

static int
split_window(void *ctx, struct text_window *w, struct err *err)
{
	struct splitting *s = ctx;
	struct markup_cursor c = { w->text, 0, w->line, !w->at_end };
	struct markup tag;
	int rc;

	while (next_tag(&c, &tag) == 0) {
		rc = give(s, w, &c, &tag, err);
		if (rc < 0)
			return -1;
		if (rc == MARKUP_CUT) {
			w->done = tag.range.start;
			w->done_line = tag.line;
			return 0;
		}
	}
	w->done = c.at;
	w->done_line = c.line;
	return 0;
}

int
bookmark_html_split(const struct text_stream *stream, bookmark_html_fn *fn, void *ctx,
		    struct err *err)
{
	struct splitting s = { fn, ctx };

	return text_stream_run(stream, split_window, &s, err);
}

/* ---- texts ---- */

/* The text of some markup: tags left out, references resolved, trimmed; @one_line: blanks collapsed. */
static int
read_text(struct buf *out, struct span raw, bool one_line, struct err *err)
{
	AUTO(buf_clear) struct buf plain = BUF_INIT(TEXT_MAX), text = BUF_INIT(4 * TEXT_MAX);
	struct markup_cursor c = { .source = raw, .line = 1 };
	struct markup tag;
	size_t at = 0;

	while (next_tag(&c, &tag) == 0) {
		if (buf_append(&plain, span_of(raw.p + at, tag.range.start - at), err) < 0)
			return -1;
		at = tag.range.end;
	}
	if (buf_append(&plain, span_skip(raw, at), err) < 0 ||
	    markup_decode(&text, buf_span(&plain), err) < 0)
		return -1;
	struct span s = buf_span(&text);
	while (s.n && is_blank(s.p[s.n - 1]))
		s.n--;
	size_t start = out->n;
	for (size_t i = 0; i < s.n; i++) {
		uint8_t byte = s.p[i];

		if (is_blank(byte) && (out->n == start || (one_line && is_blank(s.p[i + 1]))))
			continue;
		if (byte == '\r')
			continue;
		if (buf_append_byte(out, one_line && is_blank(byte) ? ' ' : byte, err) < 0)
			return -1;
	}
	return 0;
}

static int
keep(struct item_arena **arena, const char **out, struct span raw, bool one_line, struct err *err)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(4 * TEXT_MAX);

	return read_text(&text, raw, one_line, err) < 0
		       ? -1
		       : arena_string(arena, out, buf_span(&text), err);
}

/* An attribute's value, which may hold what looks like tags. */
static int
keep_value(struct item_arena **arena, struct span *out, struct span raw, struct err *err)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(4 * TEXT_MAX);
	const char *copy;

	if (markup_decode(&text, raw, err) < 0)
		return -1;
	struct span s = buf_span(&text);
	while (s.n && is_blank(s.p[0]))
		s = span_skip(s, 1);
	while (s.n && is_blank(s.p[s.n - 1]))
		s.n--;
	if (arena_string(arena, &copy, s, err) < 0)
		return -1;
	*out = span_str(copy);
	return 0;
}

/* Seconds; some programs write milli- or microseconds. */
static int64_t
read_date(struct span raw)
{
	int64_t n = 0;

	for (size_t i = 0; i < raw.n && raw.p[i] >= '0' && raw.p[i] <= '9'; i++) {
		if (n > INT64_MAX / 100)
			return 0;
		n = 10 * n + (raw.p[i] - '0');
	}
	return n > 100000000000000 ? n / 1000 : n > 100000000000 ? n : n * 1000;
}

/* ---- folders ---- */

void
bookmark_html_folder_clear(struct bookmark_html_folder *f)
{
	arena_free(f->arena);
	*f = (struct bookmark_html_folder){ .name = NULL };
}

static void
folder_attribute(struct bookmark_html_folder *f, const struct markup_attribute *a)
{
	static const struct {
		const char *name;
		enum bookmark_root root;
	} roots[] = { { "PERSONAL_TOOLBAR_FOLDER", BOOKMARK_TOOLBAR },
		      { "UNFILED_BOOKMARKS_FOLDER", BOOKMARK_UNFILED },
		      { "MOBILE_BOOKMARKS_FOLDER", BOOKMARK_MOBILE } };

	for (size_t i = 0; i < sizeof roots / sizeof *roots; i++) {
		if (!is(a->name, roots[i].name) || !is(a->value, "true"))
			continue;
		f->is_root = true;
		f->root = roots[i].root;
	}
	f->is_ours = f->is_ours || is(a->name, "DATA-CLOUDBOX");
}

int
bookmark_html_folder_parse(struct bookmark_html_folder *out, struct span bytes, struct err *err)
{
	struct markup_cursor c = { .source = bytes, .line = 1 };
	struct markup_attribute a;
	struct markup tag, end;

	if (next_tag(&c, &tag) != 0 || !is_open(&tag, "H3"))
		return err_set(err, ERR_SYNTAX, "this is no folder");
	while (markup_attribute(&tag.attributes, &a))
		folder_attribute(out, &a);
	size_t to = bytes.n;
	while (next_tag(&c, &end) == 0)
		if (is_close(&end, "H3"))
			to = end.range.start;
	return keep(&out->arena, &out->name, span_of(bytes.p + tag.range.end, to - tag.range.end),
		    true, err);
}

/* ---- links ---- */

void
bookmark_html_link_clear(struct bookmark_html_link *l)
{
	bookmark_clear(&l->b);
	*l = (struct bookmark_html_link){ .has_description = false };
}

static int
keep_tags(struct bookmark *b, struct span raw, struct err *err)
{
	while (raw.n) {
		const uint8_t *comma = memchr(raw.p, ',', raw.n);
		struct span one = span_of(raw.p, comma ? (size_t)(comma - raw.p) : raw.n), tag;

		raw = span_skip(raw, one.n + 1);
		if (keep_value(&b->arena, &tag, one, err) < 0)
			return -1;
		if (tag.n == 0)
			continue;
		if (array_reserve((void **)&b->tags, &b->cap_tags, b->n_tags + 1, sizeof *b->tags,
				  BOOKMARK_TAGS_MAX, err) < 0)
			return -1;
		b->tags[b->n_tags++] = tag;
	}
	return 0;
}

static int
link_attribute(struct bookmark *b, const struct markup_attribute *a, struct err *err)
{
	if (is(a->name, "HREF"))
		return keep_value(&b->arena, &b->url, a->value, err);
	if (is(a->name, "SHORTCUTURL"))
		return keep_value(&b->arena, &b->keyword, a->value, err);
	if (is(a->name, "TAGS"))
		return keep_tags(b, a->value, err);
	if (is(a->name, "ADD_DATE"))
		b->added_unix_ms = read_date(a->value);
	return 0;
}

/* Where title and description lie. */
static void
link_ranges(struct bookmark_html_link *l, struct markup_cursor c)
{
	struct markup tag;
	bool in_title = true;

	l->title = (struct range){ c.at, c.source.n };
	while (next_tag(&c, &tag) == 0) {
		if (in_title && (is_close(&tag, "A") || is_open(&tag, "DD"))) {
			l->title.end = tag.range.start;
			in_title = false;
		}
		if (is_open(&tag, "DD") && !l->has_description) {
			l->has_description = true;
			l->description = (struct range){ tag.range.end, c.source.n };
		}
	}
}

int
bookmark_html_link_parse(struct bookmark_html_link *out, struct span bytes, struct err *err)
{
	struct markup_cursor c = { .source = bytes, .line = 1 };
	struct bookmark *b = &out->b;
	struct markup_attribute a;
	struct markup tag;
	const char *text;

	if (next_tag(&c, &tag) != 0 || !is_open(&tag, "A"))
		return err_set(err, ERR_SYNTAX, "this is no link");
	out->tag = tag.range;
	while (markup_attribute(&tag.attributes, &a))
		if (link_attribute(b, &a, err) < 0)
			return -1;
	if (b->url.n == 0)
		return err_set(err, ERR_SYNTAX, "this link has no address");
	link_ranges(out, c);
	if (keep(&b->arena, &text, range_span(bytes, out->title), true, err) < 0)
		return -1;
	b->title = span_str(text);
	if (!out->has_description)
		return 0;
	if (keep(&b->arena, &text, range_span(bytes, out->description), false, err) < 0)
		return -1;
	b->description = span_str(text);
	return 0;
}
