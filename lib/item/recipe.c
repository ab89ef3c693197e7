/* SPDX-License-Identifier: Apache-2.0 */
/* recipe: see recipe.h. */
#include "item/recipe.h"

#include "base/bytes.h"
#include "item/card_walk.h"
#include "item/value.h"

enum {
	KIND_RAW,
	KIND_BASE64,
};

enum {
	FLAG_LINE_END = 3,
	FLAG_UNPADDED = 4,
	FLAG_OPEN_END = 8,
};

static const char *const line_ends[] = { "\r\n", "\n", "\r", "\r\r\n" };

static struct span
line_end(const struct recipe *r)
{
	return span_str(line_ends[r->line_end]);
}

/* ---- applying ---- */

/* The characters of @text in lines as the recipe says. */
static int
append_folded(struct buf *out, const struct recipe *r, struct span text, struct err *err)
{
	struct span indent = span_of(r->indent, r->n_indent);
	size_t width = r->first == RECIPE_ONE_LINE ? text.n : r->first;

	for (;;) {
		size_t n = text.n < width ? text.n : width;
		if (buf_append(out, span_of(text.p, n), err) < 0)
			return -1;
		text = span_skip(text, n);
		if (text.n == 0)
			break;
		if (buf_append(out, line_end(r), err) < 0 || buf_append(out, indent, err) < 0)
			return -1;
		width = r->later;
	}
	if (!r->open_end)
		return 0;
	return buf_append(out, line_end(r), err) < 0 ? -1 : buf_append(out, indent, err);
}

int
recipe_apply(struct buf *out, const struct recipe *recipe, struct span decoded, struct err *err)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(CARD_TEXT_MAX);

	if (recipe->kind == RECIPE_RAW)
		return buf_append(out, decoded, err);
	if (value_base64(&text, decoded, err) < 0)
		return -1;
	while (recipe->unpadded && text.n && text.p[text.n - 1] == '=')
		text.n--;
	return append_folded(out, recipe, buf_span(&text), err);
}

/* ---- finding ---- */

/* Length of the text up to the line end at or behind @at. */
static size_t
text_until(struct span s, size_t at)
{
	size_t end = at;

	while (end < s.n && s.p[end] != '\r' && s.p[end] != '\n')
		end++;
	return end - at;
}

/* The folding of @value as its first lines show it; false where they show none that we can write.
 */
static bool
guess_folds(struct recipe *r, struct span value)
{
	size_t n = text_until(value, 0);

	r->first = RECIPE_ONE_LINE;
	r->later = 1;
	r->line_end = RECIPE_CRLF;
	if (n == value.n)
		return true;
	if (n >= RECIPE_ONE_LINE)
		return false;
	r->first = (uint16_t)n;
	struct span rest = span_skip(value, n);
	if (rest.p[0] == '\n')
		r->line_end = RECIPE_LF;
	else if (rest.n >= 3 && memcmp(rest.p, "\r\r\n", 3) == 0)
		r->line_end = RECIPE_CRCRLF;
	else if (rest.n < 2 || rest.p[1] != '\n')
		r->line_end = RECIPE_CR;
	rest = span_skip(rest, line_end(r).n);
	while (r->n_indent < rest.n &&
	       (rest.p[r->n_indent] == ' ' || rest.p[r->n_indent] == '\t')) {
		if (r->n_indent == RECIPE_INDENT_MAX)
			return false;
		r->indent[r->n_indent] = (char)rest.p[r->n_indent];
		r->n_indent++;
	}
	n = text_until(rest, r->n_indent);
	if (n == 0 && r->n_indent < rest.n)
		return false;
	if (n > UINT16_MAX)
		return false;
	r->later = n ? (uint16_t)n : 1;
	size_t tail = line_end(r).n + r->n_indent;
	r->open_end = value.n >= tail && span_equal(span_skip(value, value.n - tail),
						    span_of(value.p + r->first, tail));
	return true;
}

/* @decoded from base64 in regular folds, with a recipe that gives @value again.  1: it is not that.
 */
static int
make_base64(struct recipe *r, struct buf *decoded, struct span value, struct err *err)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(CARD_TEXT_MAX);
	AUTO(buf_clear) struct buf again = BUF_INIT(CARD_TEXT_MAX);

	*r = (struct recipe){ .kind = RECIPE_BASE64 };
	if (!guess_folds(r, value))
		return 1;
	if (contentline_unfold(&text, value, CONTENTLINE_BASE64, false, err) < 0)
		return -1;
	int rc = value_base64_decode(decoded, buf_span(&text), err);
	if (rc != 0)
		return rc;
	r->unpadded = text.n % 4 != 0;
	if (recipe_apply(&again, r, buf_span(decoded), err) < 0)
		return -1;
	return span_equal(buf_span(&again), value) ? 0 : 1;
}

/* Of a data: URI only what stands behind "base64," is base64. */
static struct range
base64_part(struct span source, const struct contentline *line)
{
	struct range r = line->value;
	struct span v = range_span(source, r);

	if (line->encoding == CONTENTLINE_BASE64)
		return r;
	size_t head = v.n < 256 ? v.n : 256;
	const uint8_t *comma = head ? memchr(v.p, ',', head) : NULL;
	if (!comma)
		return r;
	const char *mark = memmem(v.p, (size_t)(comma - v.p), "base64", 6);
	if (mark)
		r.start += (size_t)(comma - v.p) + 1;
	return r;
}

static int
cut_out(struct span source, const struct contentline *line, size_t min_bytes, recipe_fn *fn,
	void *ctx, struct err *err)
{
	AUTO(buf_clear) struct buf decoded = BUF_INIT(CARD_TEXT_MAX);
	struct range range = base64_part(source, line);
	struct recipe recipe;

	if (range.end - range.start <= min_bytes)
		return 0;
	struct span value = range_span(source, range);
	int rc = make_base64(&recipe, &decoded, value, err);
	if (rc < 0)
		return -1;
	if (rc == 0)
		return fn(ctx, range, &recipe, buf_span(&decoded), err);
	recipe = (struct recipe){ .kind = RECIPE_RAW };
	return fn(ctx, range, &recipe, value, err);
}

int
recipe_find(struct span item, size_t min_bytes, recipe_fn *fn, void *ctx, struct err *err)
{
	AUTO(contentline_clear) struct contentline_cursor c;
	struct contentline line;
	int rc;

	card_lines_init(&c, item, "", 1);
	while ((rc = contentline_next(&c, &line, err)) == 0)
		if (line.kind == CONTENTLINE_PROPERTY &&
		    line.value.end - line.value.start > min_bytes &&
		    (rc = cut_out(item, &line, min_bytes, fn, ctx, err)) < 0)
			return rc;
	return rc < 0 ? -1 : 0;
}

/* ---- our own bytes ---- */

size_t
recipe_encode(uint8_t out[static RECIPE_BYTES_MAX], const struct recipe *recipe)
{
	if (recipe->kind == RECIPE_RAW) {
		out[0] = KIND_RAW;
		return 1;
	}
	out[0] = KIND_BASE64;
	out[1] = (uint8_t)(recipe->line_end | (recipe->unpadded ? FLAG_UNPADDED : 0) |
			   (recipe->open_end ? FLAG_OPEN_END : 0));
	put_u16(out + 2, recipe->first);
	put_u16(out + 4, recipe->later);
	out[6] = recipe->n_indent;
	memcpy(out + 7, recipe->indent, recipe->n_indent);
	return 7u + recipe->n_indent;
}

static int
decode_base64(struct recipe *r, struct reader *in, struct err *err)
{
	uint8_t flags = read_u8(in);

	r->kind = RECIPE_BASE64;
	r->first = read_u16(in);
	r->later = read_u16(in);
	r->n_indent = read_u8(in);
	if (in->failed)
		return reader_done(in, "recipe", err);
	if (flags > (FLAG_LINE_END | FLAG_UNPADDED | FLAG_OPEN_END) || r->later == 0 ||
	    r->n_indent > RECIPE_INDENT_MAX)
		return err_set(err, ERR_FORMAT, "recipe with impossible values");
	r->line_end = flags & FLAG_LINE_END;
	r->unpadded = flags & FLAG_UNPADDED;
	r->open_end = flags & FLAG_OPEN_END;
	read_bytes(in, r->indent, r->n_indent);
	for (size_t i = 0; i < r->n_indent; i++)
		if (r->indent[i] != ' ' && r->indent[i] != '\t')
			return err_set(err, ERR_FORMAT, "recipe with impossible values");
	return 0;
}

int
recipe_decode(struct recipe *out, struct span bytes, struct err *err)
{
	struct reader in = reader_of(bytes);
	uint8_t kind = read_u8(&in);

	*out = (struct recipe){ .kind = RECIPE_RAW };
	if (kind > KIND_BASE64)
		return err_set(err, ERR_UNSUPPORTED, "recipe of a newer kind (%u)", kind);
	if (kind == KIND_BASE64 && !in.failed && decode_base64(out, &in, err) < 0)
		return -1;
	return reader_done(&in, "recipe", err);
}
