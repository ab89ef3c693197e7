/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sms_xml: splitting a file into its elements; sms_xml_parse.c reads one.
 *
 *   outside --<smses>--> in the root --<mms …>--> in an mms --</mms>--> in the root --</smses>--> outside
 *                            |  ^
 *                            +--+ <sms …/>, <call …/>, <sms …></sms>
 */
#include "item/sms_xml.h"

#include <string.h>

#include "item/markup.h"

static const struct {
	const char *name;
	enum sms_xml_kind kind;
} elements[] = {
	{ "sms", SMS_XML_SMS },
	{ "mms", SMS_XML_MMS },
	{ "call", SMS_XML_CALL },
};

static bool
is_element(const struct markup *tag, enum sms_xml_kind *kind)
{
	for (size_t i = 0; i < sizeof elements / sizeof *elements; i++)
		if (markup_is(tag, elements[i].name)) {
			*kind = elements[i].kind;
			return true;
		}
	return false;
}

static bool
is_root(const struct markup *tag)
{
	return markup_is(tag, "smses") || markup_is(tag, "calls");
}

/* Of the line in which @at stands, or of the source, where that begins within it. */
static size_t
start_of_line(struct span source, size_t at)
{
	const uint8_t *p = at ? memrchr(source.p, '\n', at) : NULL;

	return p ? (size_t)(p + 1 - source.p) : 0;
}

/* @tag or the end of the source, at @at, is not what should be there. */
static int
refuse(struct sms_xml_walk *w, struct sms_xml_part *out, size_t at, const char *expected)
{
	size_t from = start_of_line(w->source, out->range.start);

	contentline_syntax_within(&w->why, span_skip(w->source, from), w->name, out->line,
				  from ? 0 : w->before, at - from, expected);
	out->bad = &w->why;
	return 0;
}

/* Go on to the end tag of the element that @open began. */
static int
read_to_end(struct sms_xml_walk *w, struct markup_cursor *c, const struct markup *open,
	    struct sms_xml_part *out)
{
	struct markup tag;
	enum sms_xml_kind other;

	while (markup_next(c, &tag) == 0) {
		if (tag.kind == MARKUP_CLOSE && span_equal(tag.name, open->name)) {
			out->range.end = tag.range.end;
			return 0;
		}
		if (is_element(&tag, &other) || is_root(&tag)) { /* what it lacks is its end */
			c->at = out->range.end = tag.range.start;
			c->line = tag.line;
			return refuse(w, out, tag.range.start, "the end tag of this element");
		}
		if (tag.kind == MARKUP_BAD)
			refuse(w, out, tag.fault, tag.expected);
	}
	if (w->more)
		return SMS_XML_CUT;
	out->range.end = w->source.n;
	return refuse(w, out, w->source.n, "the end tag of this element");
}

static int
read_element(struct sms_xml_walk *w, struct markup_cursor *c, const struct markup *tag,
	     struct sms_xml_part *out)
{
	out->range = tag->range;
	out->line = tag->line;
	out->bad = NULL;
	if (tag->kind == MARKUP_BAD)
		return refuse(w, out, tag->fault, tag->expected);
	if (tag->kind == MARKUP_CLOSE)
		return refuse(w, out, tag->range.start, "a start tag before this end tag");
	if (tag->kind == MARKUP_EMPTY)
		return 0;
	return read_to_end(w, c, tag, out);
}

/* The source is at its end. */
static int
end(struct sms_xml_walk *w, struct sms_xml_part *out)
{
	bool cut = w->in_root || !w->had_root;
	const char *expected = w->in_root ? "the end tag of the file's root" : "<smses> or <calls>";

	if (w->more)
		return SMS_XML_CUT;
	w->in_root = false; /* said once */
	w->had_root = true;
	*out = (struct sms_xml_part){ .range = { w->source.n, w->source.n }, .line = w->line };
	return cut ? refuse(w, out, w->source.n, expected) : SMS_XML_END;
}

int
sms_xml_next(struct sms_xml_walk *w, struct sms_xml_part *out)
{
	struct markup_cursor c = {
		.source = w->source, .at = w->at, .line = w->line, .more = w->more
	};
	struct markup tag;
	int rc;

	while ((rc = markup_next(&c, &tag)) == 0) {
		bool ours = is_element(&tag, &out->kind);
		rc = ours || tag.kind == MARKUP_BAD ? read_element(w, &c, &tag, out) : 0;
		if (rc == SMS_XML_CUT) {
			w->at = tag.range.start;
			w->line = tag.line;
			return rc;
		}
		w->at = c.at;
		w->line = c.line;
		if (is_root(&tag) && tag.kind != MARKUP_BAD) {
			w->in_root = tag.kind == MARKUP_OPEN;
			w->had_root = true;
			*out = (struct sms_xml_part){ tag.kind == MARKUP_CLOSE ? SMS_XML_ROOT_END
									       : SMS_XML_ROOT,
						      tag.range, tag.line, NULL };
			return 0;
		}
		if (ours || tag.kind == MARKUP_BAD)
			return 0;
	}
	w->at = c.at;
	w->line = c.line;
	return rc == MARKUP_CUT ? SMS_XML_CUT : end(w, out);
}

/* ---- a text read piece by piece ---- */

struct splitting {
	struct sms_xml_walk walk;
	unsigned kinds;
	int (*fn)(void *ctx, const struct text_part *part, enum sms_xml_kind kind, struct err *err);
	void *ctx;
	/* of a text_split_fn */
	text_part_fn *give;
	void *give_ctx;
};

static int
split_window(void *ctx, struct text_window *w, struct err *err)
{
	struct splitting *s = ctx;
	struct sms_xml_part part = { .bad = NULL };
	int rc;

	s->walk.source = w->text;
	s->walk.at = 0;
	s->walk.line = w->line;
	s->walk.more = !w->at_end;
	while ((rc = sms_xml_next(&s->walk, &part)) == 0) {
		struct text_part out = { w->offset + part.range.start,
					 range_span(w->text, part.range), part.line, part.bad };
		if ((part.bad || (s->kinds & 1u << part.kind)) &&
		    s->fn(s->ctx, &out, part.kind, err) < 0)
			return -1;
		part.bad = NULL;
	}
	w->done = rc == SMS_XML_CUT ? s->walk.at : w->text.n;
	w->done_line = s->walk.line;
	size_t from = start_of_line(w->text, w->done);
	s->walk.before = w->done - from + (from ? 0 : s->walk.before);
	return 0;
}

static int
give(void *ctx, const struct text_part *part, enum sms_xml_kind kind, struct err *err)
{
	struct splitting *s = ctx;

	(void)kind;
	return s->give(s->give_ctx, part, err);
}

static int
split(const struct text_stream *stream, unsigned kinds, text_part_fn *fn, void *ctx,
      struct err *err)
{
	struct splitting s = { .walk = { .name = stream->source },
			       .kinds = kinds,
			       .fn = give,
			       .ctx = &s,
			       .give = fn,
			       .give_ctx = ctx };

	return text_stream_run(stream, split_window, &s, err);
}

int
sms_xml_split_messages(const struct text_stream *stream, text_part_fn *fn, void *ctx,
		       struct err *err)
{
	return split(stream, 1u << SMS_XML_SMS | 1u << SMS_XML_MMS, fn, ctx, err);
}

int
sms_xml_split_calls(const struct text_stream *stream, text_part_fn *fn, void *ctx, struct err *err)
{
	return split(stream, 1u << SMS_XML_CALL, fn, ctx, err);
}

/* ---- where elements can be added ---- */

struct survey {
	struct text_frame *out;
	const char *root;
	unsigned n_roots, n_ends;
	uint64_t n, last; /* elements; where the last one begins */
};

static void
survey_root(struct survey *s, const struct text_part *part)
{
	struct markup_cursor c = { .source = part->bytes, .line = 1 };
	struct text_frame *f = s->out;
	struct markup tag;
	struct span count;

	if (s->n_roots++ > 0 || markup_next(&c, &tag) != 0)
		return;
	f->whole = markup_is(&tag, s->root) && tag.kind == MARKUP_OPEN;
	f->has_count = markup_get(&count, &tag, "count") && count.n > 0 && count.n < 16;
	for (size_t i = 0; f->has_count && i < count.n; i++) {
		f->has_count = count.p[i] >= '0' && count.p[i] <= '9';
		f->count = f->count * 10 + (uint64_t)(count.p[i] - '0');
	}
	f->count_at = f->has_count ? part->offset + (uint64_t)(count.p - part->bytes.p) : 0;
	f->count_n = f->has_count ? count.n : 0;
}

static int
survey_part(void *ctx, const struct text_part *part, enum sms_xml_kind kind, struct err *err)
{
	struct survey *s = ctx;

	(void)err;
	if (part->bad) {
		s->out->broken = true;
	} else if (kind == SMS_XML_ROOT) {
		survey_root(s, part);
	} else if (kind == SMS_XML_ROOT_END) {
		s->n_ends++;
		s->out->end_at = part->offset;
	} else {
		s->n++;
		s->last = part->offset;
	}
	return 0;
}

int
sms_xml_survey(struct text_frame *out, const struct text_stream *stream, const char *root,
	       struct err *err)
{
	struct survey s = { .out = out, .root = root };
	struct splitting all = {
		.walk = { .name = stream->source }, .kinds = ~0u, .fn = survey_part, .ctx = &s
	};

	*out = (struct text_frame){ 0 };
	if (text_stream_run(stream, split_window, &all, err) < 0)
		return -1;
	out->whole = out->whole && s.n_roots == 1 && s.n_ends == 1 && s.last < out->end_at;
	out->has_count = out->has_count && !out->broken && out->count == s.n;
	return 0;
}
