/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bookmark files: the parts lie in the text, in order, however small the window; a link that parses can
 * be written and says the same; one that is changed says what it was changed to; and any address has
 * one normal form.
 */
#include "item/bookmark_html.h"
#include "fuzz.h"
#include "item/weburl.h"

static const struct bookmark_html_style style = { .eol = "\n", .ascii = true };

struct text {
	struct span all;
	size_t at;
	uint64_t end;  /* of the part before */
	uint64_t hash; /* of all parts */
};

static int
read_some(void *ctx, void *p, size_t n, size_t *got, struct err *err)
{
	struct text *t = ctx;

	(void)err;
	*got = t->all.n - t->at < n ? t->all.n - t->at : n;
	if (*got)
		memcpy(p, t->all.p + t->at, *got);
	t->at += *got;
	return 0;
}

/* What is read of @bytes; false: nothing. */
static bool
parse(struct bookmark_html_link *out, struct span bytes)
{
	return bookmark_html_link_parse(out, bytes, NULL) == 0;
}

static void
same(const struct bookmark *a, const struct bookmark *b)
{
	FUZZ_TRUE(span_equal(a->url, b->url) && span_equal(a->title, b->title));
	FUZZ_TRUE(span_equal(a->keyword, b->keyword) && span_equal(a->description, b->description));
	FUZZ_TRUE(a->n_tags == b->n_tags);
	for (size_t i = 0; i < a->n_tags; i++)
		FUZZ_TRUE(span_equal(a->tags[i], b->tags[i]));
}

static void
check_link(struct span bytes)
{
	AUTO(bookmark_html_link_clear) struct bookmark_html_link l = { .has_description = false };
	AUTO(bookmark_html_link_clear)
	struct bookmark_html_link again = { .has_description = false };
	AUTO(bookmark_html_link_clear)
	struct bookmark_html_link edited = { .has_description = false };
	AUTO(buf_clear) struct buf text = BUF_INIT(1 << 26), edit = BUF_INIT(1 << 26);
	struct span tags[] = { span_str("a"), span_str("b, <c>") };
	struct bookmark to;

	if (!parse(&l, bytes))
		return;
	FUZZ_TRUE(bookmark_html_link_print(&text, &l.b, 2, style, NULL) == 0);
	FUZZ_TRUE(parse(&again, span_skip(buf_span(&text), strlen("        <DT>"))));
	same(&l.b, &again.b);
	to = l.b;
	to.title = span_str("T & <t>");
	to.keyword = span_str("k\"");
	to.tags = tags;
	to.n_tags = 2;
	to.description = span_str("d");
	if (bookmark_html_link_edit(&edit, bytes, &l, &to, style, NULL) == BOOKMARK_HTML_ODD)
		return;
	FUZZ_TRUE(parse(&edited, buf_span(&edit)));
	FUZZ_TRUE(span_equal(edited.b.url, l.b.url) && edited.b.n_tags == 2);
	FUZZ_TRUE(span_equal(edited.b.keyword, to.keyword));
}

/* As the form of all bookmarks: what is printed is read, and says the same. */
static void
check_form(struct span bytes)
{
	AUTO(bookmark_html_link_clear) struct bookmark_html_link l = { .has_description = false };
	AUTO(buf_clear) struct buf text = BUF_INIT(1 << 26);
	AUTO(bookmark_clear) struct bookmark b = { .n_tags = 0 }, any = { .n_tags = 0 };

	(void)bookmark_parse(&any, bytes, NULL);
	if (!parse(&l, bytes))
		return;
	FUZZ_TRUE(bookmark_print(&text, &l.b, NULL) == 0);
	FUZZ_TRUE(bookmark_parse(&b, buf_span(&text), NULL) == 0);
	FUZZ_TRUE(span_equal(b.url, l.b.url) && b.n_tags == l.b.n_tags);
}

static int
on_part(void *ctx, const struct bookmark_html_part *part, struct err *err)
{
	struct text *t = ctx;
	AUTO(free) uint8_t *exact = fuzz_copy(part->bytes);
	struct span bytes = span_of(exact, part->bytes.n);
	AUTO(bookmark_html_folder_clear) struct bookmark_html_folder f = { .name = NULL };

	FUZZ_TRUE(part->offset >= t->end && part->offset + part->bytes.n <= t->all.n);
	t->end = part->offset + part->bytes.n;
	t->hash = (t->hash ^ part->offset ^ part->bytes.n << 32 ^ part->line) * 0x100000001b3u;
	if (part->kind == BOOKMARK_HTML_LINK) {
		check_link(bytes);
		check_form(bytes);
	}
	if (part->kind == BOOKMARK_HTML_FOLDER)
		FUZZ_TRUE(bookmark_html_folder_parse(&f, bytes, err) == 0 && f.name);
	return 0;
}

static void
check_address(struct span bytes)
{
	AUTO(buf_clear) struct buf once = BUF_INIT(1 << 26), twice = BUF_INIT(1 << 26);

	if (weburl_normal(&once, bytes, NULL) != 0)
		return;
	FUZZ_TRUE(weburl_normal(&twice, buf_span(&once), NULL) == 0);
	FUZZ_TRUE(span_equal(buf_span(&once), buf_span(&twice)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct text t = { .all = span_of(data, n) }, whole = t;
	struct text_stream by_64 = { &t, read_some, "fuzz", 64 };
	struct text_stream at_once = { &whole, read_some, "fuzz", 0 };

	FUZZ_TRUE(bookmark_html_split(&by_64, on_part, &t, NULL) == 0);
	FUZZ_TRUE(bookmark_html_split(&at_once, on_part, &whole, NULL) == 0);
	FUZZ_TRUE(t.hash == whole.hash);
	check_link(span_of(data, n));
	check_form(span_of(data, n));
	check_address(span_of(data, n));
	return 0;
}
