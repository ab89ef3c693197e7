/* SPDX-License-Identifier: Apache-2.0 */
/* bookmark_html_print: bookmarks and folders as lines of a bookmark file; see bookmark_html.h. */
#include <strings.h>
#include <unistr.h>

#include "base/text.h"
#include "item/bookmark_html.h"
#include "item/markup.h"

static int
put_escaped(struct buf *out, struct span s, struct bookmark_html_style style, struct err *err)
{
	for (size_t i = 0; i < s.n;) {
		const char *name = s.p[i] == '&'   ? "&amp;"
				   : s.p[i] == '<' ? "&lt;"
				   : s.p[i] == '>' ? "&gt;"
				   : s.p[i] == '"' ? "&quot;"
						   : NULL;
		ucs4_t c;
		int n = s.p[i] < 0x80 ? 1 : u8_mbtouc(&c, s.p + i, s.n - i);

		if (name                   ? buf_append_str(out, name, err) < 0
		    : n > 1 && style.ascii ? buf_append_fmt(out, err, "&#%u;", (unsigned)c) < 0
					   : buf_append(out, span_of(s.p + i, (size_t)n), err) < 0)
			return -1;
		i += (size_t)n;
	}
	return 0;
}

static int
put_indent(struct buf *out, unsigned depth, struct err *err)
{
	for (unsigned i = 0; i < depth; i++)
		if (buf_append_str(out, "    ", err) < 0)
			return -1;
	return 0;
}

static int
put_attribute(struct buf *out, const char *name, struct span value,
	      struct bookmark_html_style style, struct err *err)
{
	if (value.n == 0)
		return 0;
	return buf_append_fmt(out, err, " %s=\"", name) < 0 ||
			       put_escaped(out, value, style, err) < 0
		       ? -1
		       : buf_append_byte(out, '"', err);
}

/* Tags in one text; a comma within one is a reference, so that it separates nothing. */
static int
put_tags(struct buf *out, const struct bookmark *b, struct bookmark_html_style style,
	 struct err *err)
{
	for (size_t i = 0; i < b->n_tags; i++) {
		struct span tag = b->tags[i];

		if (i && buf_append_byte(out, ',', err) < 0)
			return -1;
		while (tag.n) {
			const uint8_t *comma = memchr(tag.p, ',', tag.n);
			size_t n = comma ? (size_t)(comma - tag.p) : tag.n;

			if (put_escaped(out, span_of(tag.p, n), style, err) < 0 ||
			    (comma && buf_append_str(out, "&#44;", err) < 0))
				return -1;
			tag = span_skip(tag, n + 1);
		}
	}
	return 0;
}

int
bookmark_html_link_print(struct buf *out, const struct bookmark *b, unsigned depth,
			 struct bookmark_html_style style, struct err *err)
{
	if (put_indent(out, depth, err) < 0 || buf_append_str(out, "<DT><A", err) < 0 ||
	    put_attribute(out, "HREF", b->url, style, err) < 0)
		return -1;
	if (b->added_unix_ms && buf_append_fmt(out, err, " ADD_DATE=\"%lld\"",
					       (long long)(b->added_unix_ms / 1000)) < 0)
		return -1;
	if (put_attribute(out, "SHORTCUTURL", b->keyword, style, err) < 0)
		return -1;
	if (b->n_tags && (buf_append_str(out, " TAGS=\"", err) < 0 ||
			  put_tags(out, b, style, err) < 0 || buf_append_byte(out, '"', err) < 0))
		return -1;
	if (buf_append_byte(out, '>', err) < 0 || put_escaped(out, b->title, style, err) < 0 ||
	    buf_append_fmt(out, err, "</A>%s", style.eol) < 0)
		return -1;
	if (b->description.n == 0)
		return 0;
	return put_indent(out, depth, err) < 0 || buf_append_str(out, "<DD>", err) < 0 ||
			       put_escaped(out, b->description, style, err) < 0
		       ? -1
		       : buf_append_str(out, style.eol, err);
}

const char *
bookmark_html_root_name(enum bookmark_root root)
{
	static const char *const names[BOOKMARK_ROOTS] = {
		[BOOKMARK_TOOLBAR] = N_("Bookmarks bar"),
		[BOOKMARK_MENU] = N_("Bookmarks menu"),
		[BOOKMARK_UNFILED] = N_("Other bookmarks"),
		[BOOKMARK_MOBILE] = N_("Mobile bookmarks"),
	};

	return _(names[root]);
}

int
bookmark_html_folder_print(struct buf *out, struct span name, unsigned root, unsigned depth,
			   struct bookmark_html_style style, struct err *err)
{
	static const char *const attributes[] = {
		[BOOKMARK_TOOLBAR] = " PERSONAL_TOOLBAR_FOLDER=\"true\"",
		[BOOKMARK_MENU] = "",
		[BOOKMARK_UNFILED] = " UNFILED_BOOKMARKS_FOLDER=\"true\"",
		[BOOKMARK_MOBILE] = " MOBILE_BOOKMARKS_FOLDER=\"true\"",
		[BOOKMARK_ROOTS] = "",
	};

	return put_indent(out, depth, err) < 0 ||
			       buf_append_fmt(out, err, "<DT><H3%s%s>", attributes[root],
					      style.marks ? " DATA-CLOUDBOX=\"added\"" : "") < 0 ||
			       put_escaped(out, name, style, err) < 0
		       ? -1
		       : buf_append_fmt(out, err, "</H3>%s", style.eol);
}

/* ---- changing a link ---- */

/* From one link's bytes to another's, from front to back. */
struct editing {
	struct buf *out;
	struct span bytes;
	size_t at; /* done so far */
};

static int
copy_to(struct editing *e, size_t to, struct err *err)
{
	size_t at = e->at;

	e->at = to;
	return buf_append(e->out, span_of(e->bytes.p + at, to - at), err);
}

/* The value of the attribute @name in the tag, and all of it with the blank before; false: there is none. */
static bool
find_attribute(struct range *out, struct range *all, struct span bytes, struct range tag,
	       const char *name)
{
	struct span rest = span_of(bytes.p + tag.start + 2, tag.end - tag.start - 3);
	struct markup_attribute a;

	while (markup_attribute(&rest, &a)) {
		if (a.name.n != strlen(name) ||
		    strncasecmp((const char *)a.name.p, name, a.name.n) != 0)
			continue;
		out->start = (size_t)(a.value.p - bytes.p);
		out->end = out->start + a.value.n;
		all->start = (size_t)(a.name.p - bytes.p) - 1;
		all->end = out->end;
		all->end += out->end + 1 < tag.end && strchr("\"'", bytes.p[out->end]) != NULL;
		return a.value.p > a.name.p; /* else it has none */
	}
	return false;
}

/* Put @text into the attribute's place, or at the end of the tag. */
static int
edit_attribute(struct editing *e, struct range tag, const char *name, struct span text,
	       struct err *err)
{
	struct range value, all;
	size_t end = tag.end - 1; /* '>' */

	if (!find_attribute(&value, &all, e->bytes, tag, name)) {
		end -= end > tag.start && e->bytes.p[end - 1] == '/';
		if (text.n == 0)
			return 0;
		return copy_to(e, end, err) < 0 ||
				       buf_append_fmt(e->out, err, " %s=\"", name) < 0 ||
				       buf_append(e->out, text, err) < 0
			       ? -1
			       : buf_append_byte(e->out, '"', err);
	}
	if (text.n == 0) {
		if (copy_to(e, all.start, err) < 0)
			return -1;
		e->at = all.end;
		return 0;
	}
	uint8_t before = e->bytes.p[value.start - 1];
	const char *quote = before == '"' || before == '\'' ? "" : "\"";
	if (copy_to(e, value.start, err) < 0 || buf_append_str(e->out, quote, err) < 0 ||
	    buf_append(e->out, text, err) < 0 || buf_append_str(e->out, quote, err) < 0)
		return -1;
	e->at = value.end;
	return 0;
}

static bool
same_tags(const struct bookmark *a, const struct bookmark *b)
{
	if (a->n_tags != b->n_tags)
		return false;
	for (size_t i = 0; i < a->n_tags; i++)
		if (!span_equal(a->tags[i], b->tags[i]))
			return false;
	return true;
}

/* The attributes in the order in which they stand: an edit at the end of the tag comes last. */
static int
edit_tag(struct editing *e, const struct bookmark_html_link *from, const struct bookmark *to,
	 struct bookmark_html_style style, struct err *err)
{
	AUTO(buf_clear)
	struct buf tags = BUF_INIT(ITEM_BYTES_MAX), keyword = BUF_INIT(ITEM_BYTES_MAX);
	struct range t = { SIZE_MAX, 0 }, k = { SIZE_MAX, 0 }, all;
	bool new_tags = !same_tags(&from->b, to);
	bool new_keyword = !span_equal(from->b.keyword, to->keyword);

	if (put_tags(&tags, to, style, err) < 0 ||
	    put_escaped(&keyword, to->keyword, style, err) < 0)
		return -1;
	find_attribute(&t, &all, e->bytes, from->tag, "TAGS");
	find_attribute(&k, &all, e->bytes, from->tag, "SHORTCUTURL");
	bool keyword_first = k.start <= t.start;
	for (int i = 0; i < 2; i++) {
		bool is_keyword = (i == 0) == keyword_first;

		if (is_keyword ? new_keyword && edit_attribute(e, from->tag, "SHORTCUTURL",
							       buf_span(&keyword), err) < 0
			       : new_tags && edit_attribute(e, from->tag, "TAGS", buf_span(&tags),
							    err) < 0)
			return -1;
	}
	return 0;
}

static int
edit_description(struct editing *e, const struct bookmark_html_link *from,
		 const struct bookmark *to, struct bookmark_html_style style, struct err *err)
{
	if (span_equal(from->b.description, to->description))
		return 0;
	if (from->has_description && to->description.n == 0) {
		/* Back to the link alone. */
		const uint8_t *end = memchr(e->bytes.p + from->title.end, '>',
					    from->description.start - from->title.end);
		if (copy_to(e, end ? (size_t)(end - e->bytes.p) + 1 : from->title.end, err) < 0)
			return -1;
		e->at = e->bytes.n;
		return 0;
	}
	if (from->has_description) {
		if (copy_to(e, from->description.start, err) < 0)
			return -1;
		e->at = from->description.end;
	} else if (copy_to(e, e->bytes.n, err) < 0 ||
		   buf_append_fmt(e->out, err, "%s<DD>", style.eol) < 0) {
		return -1;
	}
	return put_escaped(e->out, to->description, style, err);
}

/* Does it read as it was meant?  Tags whose quotation marks do not pair can come out otherwise. */
static int
check_edited(struct span bytes, const struct bookmark_html_link *from, const struct bookmark *to,
	     struct err *err)
{
	AUTO(bookmark_html_link_clear) struct bookmark_html_link l = { .has_description = false };
	struct err why = { 0 };

	if (bookmark_html_link_parse(&l, bytes, &why) < 0 && why.code == ERR_NOMEM)
		return err_nomem(err);
	return l.b.url.n && span_equal(l.b.url, from->b.url) && same_tags(&l.b, to) &&
			       span_equal(l.b.keyword, to->keyword)
		       ? 0
		       : BOOKMARK_HTML_ODD;
}

int
bookmark_html_link_edit(struct buf *out, struct span bytes, const struct bookmark_html_link *from,
			const struct bookmark *to, struct bookmark_html_style style,
			struct err *err)
{
	size_t at = out->n;
	struct editing e = { out, bytes, 0 };
	int rc;

	if (edit_tag(&e, from, to, style, err) < 0)
		return -1;
	if (!span_equal(from->b.title, to->title)) {
		if (copy_to(&e, from->title.start, err) < 0 ||
		    put_escaped(out, to->title, style, err) < 0)
			return -1;
		e.at = from->title.end;
	}
	if (edit_description(&e, from, to, style, err) < 0 || copy_to(&e, bytes.n, err) < 0)
		return -1;
	rc = check_edited(span_skip(buf_span(out), at), from, to, err);
	if (rc)
		out->n = at;
	return rc;
}

int
bookmark_html_open(struct buf *out, const char *eol, struct err *err)
{
	return buf_append_fmt(
		out, err,
		"<!DOCTYPE NETSCAPE-Bookmark-file-1>%s"
		"<META HTTP-EQUIV=\"Content-Type\" CONTENT=\"text/html; charset=UTF-8\">%s"
		"<TITLE>Bookmarks</TITLE>%s<H1>Bookmarks</H1>%s<DL><p>%s",
		eol, eol, eol, eol, eol);
}

int
bookmark_html_close(struct buf *out, const char *eol, struct err *err)
{
	return buf_append_fmt(out, err, "</DL><p>%s", eol);
}
