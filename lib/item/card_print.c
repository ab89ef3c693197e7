/* SPDX-License-Identifier: Apache-2.0 */
/* card_print: see card_print.h. */
#include "item/card_print.h"

#include <strings.h>

#include "item/card_walk.h"
#include "item/charset.h"
#include "item/value.h"

#define FOLD_BYTES   75 /* RFC 6350 3.2: without the line end */
#define QP_BYTES     76 /* RFC 2045 6.7: with the soft break */
#define BASE64_BYTES 72

/* A property on its way from one card to another. */
struct print {
	struct span source; /* bytes of the line, an AGENT's inner card included */
	struct contentline line;
	enum item_version from;
	struct item_style to;
	const char *group;
	const struct field *const *elements; /* NULL: all of it (a member) */
	size_t n_elements;
	const struct card_edit *edit; /* or NULL */
	struct value value;
	struct buf head, text; /* what is to be written: before and behind the colon */
};

static void
print_clear(struct print *p)
{
	value_clear(&p->value);
	buf_clear(&p->head);
	buf_clear(&p->text);
}
AUTO_OBJ(print_clear, struct print);

static int
append_line_end(struct buf *out, struct item_style to, struct err *err)
{
	return buf_append_str(out, item_line_end_text(to.line_end), err);
}

/* ---- physical lines ---- */

/* How many bytes of @s fit into @room without cutting a character. */
static size_t
fitting(struct span s, size_t room)
{
	if (s.n <= room)
		return s.n;
	size_t n = room;
	while (n > 0 && room - n < 4 && (s.p[n] & 0xc0) == 0x80)
		n--;
	return n > 0 && (s.p[n] & 0xc0) != 0x80 ? n : room;
}

static int
append_folded(struct buf *out, struct span s, size_t width, struct item_style to, struct err *err)
{
	size_t room = width;

	for (;;) {
		size_t n = fitting(s, room);
		if (buf_append(out, span_of(s.p, n), err) < 0 || append_line_end(out, to, err) < 0)
			return -1;
		s = span_skip(s, n);
		if (s.n == 0)
			return 0;
		if (buf_append_byte(out, ' ', err) < 0)
			return -1;
		room = width - 1;
	}
}

/* HEAD:TEXT, folded. */
static int
write_folded(struct buf *out, struct print *p, size_t width, struct err *err)
{
	if (buf_append_byte(&p->head, ':', err) < 0 ||
	    buf_append(&p->head, buf_span(&p->text), err) < 0)
		return -1;
	return append_folded(out, buf_span(&p->head), width, p->to, err);
}

static bool
plain_in_qp(uint8_t c, bool edge)
{
	return c > ' ' ? c < 0x7f && c != '=' && c != ':' : c == ' ' && !edge;
}

static bool
is_cr_of_crlf(struct span s, size_t i)
{
	return s.p[i] == '\r' && i + 1 < s.n && s.p[i + 1] == '\n';
}

/* Kinds in which one line end is as good as another (key_text, key_words, key_exact). */
static bool
is_prose(enum property_kind kind)
{
	return kind == PROPERTY_TEXT || kind == PROPERTY_PARTS || kind == PROPERTY_LIST ||
	       kind == PROPERTY_AGENT || kind == PROPERTY_EXACT || kind == PROPERTY_ZONE;
}

/* Colons, and blanks at a line's edge, are encoded: no continuation can be taken for a property. */
static int
write_qp(struct buf *out, struct print *p, struct err *err)
{
	struct span s = buf_span(&p->text);
	size_t start = out->n;
	bool prose = is_prose(p->value.property->kind);

	if (buf_append(out, buf_span(&p->head), err) < 0 ||
	    buf_append_str(out, ";ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:", err) < 0)
		return -1;
	for (size_t i = 0; i < s.n; i++) {
		if (out->n - start > QP_BYTES - 7) {
			if (buf_append_byte(out, '=', err) < 0 ||
			    append_line_end(out, p->to, err) < 0)
				return -1;
			start = out->n;
		}
		bool edge = out->n == start || out->n - start > QP_BYTES - 8 || i + 1 == s.n;
		if (prose && is_cr_of_crlf(s, i))
			continue;
		bool crlf = s.p[i] == '\n' && prose;
		if (plain_in_qp(s.p[i], edge)
			    ? buf_append_byte(out, s.p[i], err) < 0
			    : buf_append_fmt(out, err, crlf ? "=0D=%02X" : "=%02X", s.p[i]) < 0)
			return -1;
	}
	return append_line_end(out, p->to, err);
}

static bool
needs_qp(const struct print *p)
{
	struct span s = buf_span(&p->text);

	if (p->head.n + 1 + s.n > FOLD_BYTES)
		return true;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < ' ' || s.p[i] >= 0x7f)
			return true;
	return s.n && (s.p[0] == ' ' || s.p[s.n - 1] == ' ');
}

static int
write_text(struct buf *out, struct print *p, struct err *err)
{
	if (p->to.version == ITEM_VCARD_21 && needs_qp(p))
		return write_qp(out, p, err);
	return write_folded(out, p, p->to.version == ITEM_VCARD_21 ? SIZE_MAX : FOLD_BYTES, err);
}

/* 2.1 ends base64 with an empty line. */
static int
write_base64(struct buf *out, struct print *p, struct err *err)
{
	if (p->to.version != ITEM_VCARD_21)
		return write_folded(out, p, FOLD_BYTES, err);
	if (write_folded(out, p, BASE64_BYTES, err) < 0)
		return -1;
	return append_line_end(out, p->to, err);
}

/* ---- heads ---- */

static bool
word_is(struct span s, const char *word)
{
	return s.n == strlen(word) && strncasecmp((const char *)s.p, word, s.n) == 0;
}

static int
begin_head(struct print *p, struct err *err)
{
	if (p->group[0] && (buf_append_str(&p->head, p->group, err) < 0 ||
			    buf_append_byte(&p->head, '.', err) < 0))
		return -1;
	if (p->edit && p->edit->name)
		return buf_append_str(&p->head, p->edit->name, err);
	return buf_append(&p->head, p->line.name, err);
}

/* What the conversion says in its own way, or what holds only where it came from. */
static bool
is_dropped_param(const struct print *p, const struct contentline_param *param)
{
	static const char *const names[] = { "ENCODING", "CHARSET", "TYPE", "PREF",
					     "X-EVOLUTION-E164" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (word_is(param->name, names[i]))
			return true;
	for (size_t i = 0; p->edit && i < sizeof p->edit->drop / sizeof *p->edit->drop; i++)
		if (p->edit->drop[i] && word_is(param->name, p->edit->drop[i]))
			return true;
	bool own_value = p->value.property->kind == PROPERTY_TEL ||
			 p->value.property->kind == PROPERTY_BINARY;
	if (own_value && (word_is(param->name, "VALUE") || word_is(param->name, "MEDIATYPE")))
		return true;
	return p->to.version == ITEM_VCARD_21 && param->value.n &&
	       memchr(param->value.p, '"', param->value.n);
}

static bool
is_param_name(struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      c == '-' || c == '_'))
			return false;
	}
	return s.n > 0;
}

static int
append_other_params(struct print *p, struct err *err)
{
	struct span params = p->line.params;
	struct contentline_param param;
	bool guessed;

	while (contentline_param_next(&params, &param)) {
		if (!is_param_name(param.name) || is_dropped_param(p, &param))
			continue;
		if (buf_append_byte(&p->head, ';', err) < 0 ||
		    buf_append(&p->head, param.name, err) < 0 ||
		    buf_append_byte(&p->head, '=', err) < 0 ||
		    charset_decode(&p->head, param.value, span_of(NULL, 0), &guessed, err) < 0)
			return -1;
	}
	return p->edit && p->edit->more ? buf_append_str(&p->head, p->edit->more, err) : 0;
}

static bool
is_type_word(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] >= 0x7f || strchr("\",;:=\\()", s.p[i]))
			return false;
	return s.n && !word_is(s, "BASE64") && !word_is(s, "QUOTED-PRINTABLE") &&
	       !word_is(s, "8BIT") && !word_is(s, "7BIT");
}

static int
append_type(struct print *p, struct span word, size_t nth, struct err *err)
{
	const char *before = p->to.version == ITEM_VCARD_21 ? ";" : nth ? "," : ";TYPE=";

	if (buf_append_str(&p->head, before, err) < 0)
		return -1;
	return buf_append(&p->head, word, err);
}

static bool
is_number(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n > 0;
}

/* TYPE in the way of the version: bare words, or a list; `pref` is a type in 2.1 and 3.0 only. */
static int
append_types(struct print *p, struct err *err)
{
	struct span params = p->line.params, word;
	struct contentline_param param;
	struct span rank = { NULL, 0 }; /* PREF=2: what 3.0 cannot say stays as it is */
	bool preferred = false;
	size_t n = 0;

	while (contentline_param_next(&params, &param)) {
		if (word_is(param.name, "PREF") && word_is(param.value, "1"))
			preferred = true;
		else if (word_is(param.name, "PREF") && p->to.version == ITEM_VCARD_30)
			rank = param.value;
		if (param.name.n && !word_is(param.name, "TYPE"))
			continue;
		while (contentline_param_element(&param.value, &word)) {
			if (p->edit && p->edit->drop_type && word_is(word, p->edit->drop_type))
				continue;
			if (word_is(word, "PREF"))
				preferred = true;
			else if (is_type_word(word) && append_type(p, word, n++, err) < 0)
				return -1;
		}
	}
	if (is_number(rank))
		return buf_append_fmt(&p->head, err, ";PREF=%.*s", SPAN_ARGS(rank));
	if (!preferred)
		return 0;
	if (p->to.version == ITEM_VCARD_40)
		return buf_append_str(&p->head, ";PREF=1", err);
	return append_type(p, span_str("PREF"), n, err);
}

/* ---- values ---- */

static int
append_escaped(struct print *p, struct span s, struct err *err)
{
	enum property_kind kind = p->value.property->kind;
	bool old = p->to.version == ITEM_VCARD_21;
	const char *special = "\\,;";

	if (old)
		special = kind == PROPERTY_PARTS ? ";" : kind == PROPERTY_LIST ? "," : "";
	else if (kind == PROPERTY_EXACT || kind == PROPERTY_URL || kind == PROPERTY_IMPP ||
		 kind == PROPERTY_GEO || p->value.form == VALUE_LINK)
		special = "\\"; /* a URI's commas and semicolons are its own */
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];
		if (!old && (c == '\n' || c == '\r')) {
			if (!is_cr_of_crlf(s, i) && buf_append_str(&p->text, "\\n", err) < 0)
				return -1;
			continue;
		}
		if (c && strchr(special, c) && buf_append_byte(&p->text, '\\', err) < 0)
			return -1;
		if (buf_append_byte(&p->text, c, err) < 0)
			return -1;
	}
	return 0;
}

static bool
is_wanted(const struct print *p, size_t element)
{
	for (size_t i = 0; i < p->n_elements; i++)
		if (p->elements[i]->element == element)
			return true;
	return p->elements == NULL;
}

static int
append_elements(struct print *p, struct err *err)
{
	bool list = property_is_list(p->value.property);
	size_t n = 0;

	if (list && p->elements) {
		for (size_t i = 0; i < p->n_elements; i++)
			if ((i && buf_append_byte(&p->text, ',', err) < 0) ||
			    append_escaped(p, value_part(&p->value, p->elements[i]->element), err) <
				    0)
				return -1;
		return 0;
	}
	for (size_t i = 0; i < p->value.n_parts; i++)
		if ((n++ && buf_append_byte(&p->text, list ? ',' : ';', err) < 0) ||
		    append_escaped(p, value_part(&p->value, i), err) < 0)
			return -1;
	return 0;
}

/* Of a picture's types those that are no media type. */
static int
append_use(struct print *p, struct err *err)
{
	static const char *const words[] = { "HOME", "WORK", "PREF" };
	struct span params = p->line.params, word;
	struct contentline_param param;
	bool has[3] = { false };

	while (contentline_param_next(&params, &param)) {
		if (word_is(param.name, "PREF"))
			has[2] |= word_is(param.value, "1");
		while ((param.name.n == 0 || word_is(param.name, "TYPE")) &&
		       contentline_param_element(&param.value, &word))
			for (size_t i = 0; i < 3; i++)
				has[i] |= word_is(word, words[i]);
	}
	for (size_t i = 0; i < 2; i++)
		if (has[i] && buf_append_fmt(&p->head, err,
					     p->to.version == ITEM_VCARD_21 ? ";%s" : ";TYPE=%s",
					     words[i]) < 0)
			return -1;
	if (!has[2])
		return 0;
	return buf_append_str(&p->head,
			      p->to.version == ITEM_VCARD_40   ? ";PREF=1"
			      : p->to.version == ITEM_VCARD_30 ? ";TYPE=PREF"
							       : ";PREF",
			      err);
}

/* "image/jpeg" as TYPE=JPEG, and back. */
static int
append_media_type(struct print *p, struct err *err)
{
	const char *slash = strchr(p->value.media, '/');
	const char *sub = slash ? slash + 1 : p->value.media;

	if (!*sub || !is_type_word(span_str(sub)))
		return 0;
	if (buf_append_str(&p->head, ";TYPE=", err) < 0)
		return -1;
	for (; *sub; sub++) {
		uint8_t c = (uint8_t)*sub;
		if (buf_append_byte(&p->head, c >= 'a' && c <= 'z' ? (uint8_t)(c - 32) : c, err) <
		    0)
			return -1;
	}
	return 0;
}

static const char *
sniffed_media(struct span data)
{
	if (data.n >= 4 && memcmp(data.p, "\x89PNG", 4) == 0)
		return "image/png";
	if (data.n >= 3 && memcmp(data.p, "\xff\xd8\xff", 3) == 0)
		return "image/jpeg";
	if (data.n >= 4 && memcmp(data.p, "GIF8", 4) == 0)
		return "image/gif";
	return "application/octet-stream";
}

static int
append_data_uri_head(struct print *p, struct err *err)
{
	const char *media = p->value.media, *name = p->value.property->name;

	if (buf_append_str(&p->text, "data:", err) < 0)
		return -1;
	if (!*media)
		media = sniffed_media(buf_span(&p->value.text));
	else if (!strchr(media, '/') && buf_append_str(&p->text,
						       strcmp(name, "SOUND") == 0 ? "audio/"
						       : strcmp(name, "KEY") == 0 ? "application/"
										  : "image/",
						       err) < 0)
		return -1;
	if (strcmp(media, "jpg") == 0)
		media = "jpeg";
	return buf_append_str(&p->text, media, err) < 0 ? -1
							: buf_append_str(&p->text, ";base64,", err);
}

static int
convert_data(struct buf *out, struct print *p, struct err *err)
{
	bool uri = p->to.version == ITEM_VCARD_40;

	if (uri ? append_data_uri_head(p, err) < 0
		: buf_append_str(&p->head,
				 p->to.version == ITEM_VCARD_21 ? ";ENCODING=BASE64"
								: ";ENCODING=b",
				 err) < 0 ||
			    append_media_type(p, err) < 0)
		return -1;
	if (value_base64(&p->text, buf_span(&p->value.text), err) < 0)
		return -1;
	return write_base64(out, p, err);
}

static int
convert_binary(struct buf *out, struct print *p, struct err *err)
{
	if (begin_head(p, err) < 0 || append_use(p, err) < 0 || append_other_params(p, err) < 0)
		return -1;
	if (p->value.form == VALUE_DATA)
		return convert_data(out, p, err);
	if (p->value.form == VALUE_PARTS && p->line.encoding == CONTENTLINE_BASE64)
		return FORM_UNWRITABLE; /* damaged base64 */
	if (p->value.form == VALUE_LINK && p->to.version != ITEM_VCARD_40 &&
	    buf_append_str(&p->head, p->to.version == ITEM_VCARD_21 ? ";VALUE=URL" : ";VALUE=uri",
			   err) < 0)
		return -1;
	if (append_escaped(p, value_part(&p->value, 0), err) < 0)
		return -1;
	return write_text(out, p, err);
}

/* 2.1 holds the inner card's lines as they are; later versions hold them as text. */
static int
write_inner_card(struct buf *out, struct print *p, struct err *err)
{
	struct span card = value_part(&p->value, 0);

	if (buf_append(out, buf_span(&p->head), err) < 0 || buf_append_byte(out, ':', err) < 0 ||
	    append_line_end(out, p->to, err) < 0)
		return -1;
	for (size_t i = 0; i < card.n; i++) {
		if (card.p[i] == '\r' && i + 1 < card.n && card.p[i + 1] == '\n')
			continue;
		bool end = card.p[i] == '\r' || card.p[i] == '\n';
		if (end ? append_line_end(out, p->to, err) < 0
			: buf_append_byte(out, card.p[i], err) < 0)
			return -1;
	}
	bool open = card.n && card.p[card.n - 1] != '\n' && card.p[card.n - 1] != '\r';
	return open ? append_line_end(out, p->to, err) : 0;
}

static bool
is_inner_card(struct span s)
{
	while (s.n && s.p[s.n - 1] <= ' ')
		s.n--;
	return s.n > 20 && strncasecmp((const char *)s.p, "BEGIN:VCARD", 11) == 0 &&
	       strncasecmp((const char *)s.p + s.n - 9, "END:VCARD", 9) == 0;
}

/* 3.0 and 4.0 share one syntax: the text, escapes and all, can go over as it is. */
static int
append_same_syntax(struct print *p, struct err *err)
{
	AUTO(buf_clear) struct buf raw = BUF_INIT(CARD_TEXT_MAX);
	bool guessed;

	if (value_text(&raw, p->source, &p->line, p->from, &guessed, err) < 0)
		return -1;
	for (size_t i = 0; i < raw.n; i++) {
		bool end = raw.p[i] == '\n' || raw.p[i] == '\r';
		if (is_cr_of_crlf(buf_span(&raw), i))
			continue;
		if (end ? buf_append_str(&p->text, "\\n", err) < 0
			: buf_append_byte(&p->text, raw.p[i], err) < 0)
			return -1;
	}
	return 0;
}

static bool
all_elements_wanted(const struct print *p)
{
	for (size_t i = 0; property_is_list(p->value.property) && i < p->value.n_parts; i++)
		if (!is_wanted(p, i))
			return false;
	return true;
}

/* geo:37.4,-122.1 (RFC 5870) in 4.0, 37.4;-122.1 before; what is neither goes as text. */
static int
append_geo(struct print *p, struct err *err)
{
	struct span latitude, longitude;
	bool uri = p->to.version == ITEM_VCARD_40;

	if (!key_geo_parts(value_part(&p->value, 0), &latitude, &longitude))
		return append_elements(p, err);
	return buf_append_fmt(&p->text, err, "%s%.*s%c%.*s", uri ? "geo:" : "", SPAN_ARGS(latitude),
			      uri ? ',' : ';', SPAN_ARGS(longitude));
}

static int
convert_text(struct buf *out, struct print *p, struct err *err)
{
	struct span first = value_part(&p->value, 0);
	enum property_kind kind = p->value.property->kind;

	if (begin_head(p, err) < 0 || append_types(p, err) < 0 || append_other_params(p, err) < 0)
		return -1;
	if (p->edit && p->edit->value.p)
		return buf_append(&p->text, p->edit->value, err) < 0 ? -1 : write_text(out, p, err);
	if (kind == PROPERTY_AGENT && p->to.version == ITEM_VCARD_21 && is_inner_card(first))
		return write_inner_card(out, p, err);
	if (kind == PROPERTY_TEL) {
		if (first.n >= 4 && strncasecmp((const char *)first.p, "tel:", 4) == 0)
			first = span_skip(first, 4);
		return append_escaped(p, first, err) < 0 ? -1 : write_text(out, p, err);
	}
	if (kind == PROPERTY_GEO)
		return append_geo(p, err) < 0 ? -1 : write_text(out, p, err);
	bool same = p->from != ITEM_VCARD_21 && p->to.version != ITEM_VCARD_21 &&
		    kind != PROPERTY_AGENT && p->line.encoding != CONTENTLINE_BASE64;
	if (same && all_elements_wanted(p) ? append_same_syntax(p, err) < 0
					   : append_elements(p, err) < 0)
		return -1;
	return write_text(out, p, err);
}

/* ---- within one version ---- */

/* 2.1: the physical lines as they are, with our line ends; a stray soft break at the end is left
 * out, it would swallow what comes next. */
static int
copy_lines(struct buf *out, struct print *p, struct err *err)
{
	struct span s = range_span(p->source, p->line.value);

	while (p->line.encoding == CONTENTLINE_QP && s.n && strchr("= \t\r\n", s.p[s.n - 1]) &&
	       s.p[s.n - 1])
		s.n--;
	if (buf_append(out, buf_span(&p->head), err) < 0 || buf_append_byte(out, ':', err) < 0)
		return -1;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\r' && i + 1 < s.n && (s.p[i + 1] == '\n' || s.p[i + 1] == '\r'))
			continue;
		if (s.p[i] == '\r' || s.p[i] == '\n' ? append_line_end(out, p->to, err) < 0
						     : buf_append_byte(out, s.p[i], err) < 0)
			return -1;
	}
	return append_line_end(out, p->to, err);
}

static int
copy_text(struct buf *out, struct print *p, struct err *err)
{
	bool old = p->from == ITEM_VCARD_21;

	if (begin_head(p, err) < 0 || buf_append(&p->head, p->line.params, err) < 0)
		return -1;
	if (old && p->line.encoding != CONTENTLINE_BASE64)
		return copy_lines(out, p, err);
	if (p->line.encoding != CONTENTLINE_BASE64)
		return append_same_syntax(p, err) < 0 ? -1 : write_text(out, p, err);
	if (contentline_unfold(&p->text, range_span(p->source, p->line.value), p->line.encoding,
			       false, err) < 0)
		return -1;
	return write_base64(out, p, err);
}

/* Can the text stay as it is? */
static int
can_copy(const struct print *p, bool *yes, struct err *err)
{
	AUTO(buf_clear) struct buf raw = BUF_INIT(CARD_TEXT_MAX);
	bool old = p->from == ITEM_VCARD_21;

	*yes = false;
	if (p->edit || p->from != p->to.version || p->value.property->kind == PROPERTY_AGENT ||
	    !all_elements_wanted(p) || !charset_is_utf8(p->source) ||
	    (!old && p->line.encoding == CONTENTLINE_QP))
		return 0;
	if (contentline_unfold(&raw, range_span(p->source, p->line.value), p->line.encoding, old,
			       err) < 0)
		return -1;
	/* lines that somebody forgot to fold: 2.1 has no way to say a line feed but quoted-printable */
	*yes = !old || !raw.n || !memchr(raw.p, '\n', raw.n);
	return 0;
}

static int
print_line(struct buf *out, struct print *p, struct err *err)
{
	AUTO(contentline_clear) struct contentline_cursor c;
	bool copy;

	card_lines_init(&c, p->source, "", 1);
	if (contentline_next(&c, &p->line, err) < 0)
		return -1;
	bool inner = p->line.range.end < p->source.n; /* lines of an inner card */
	struct span nested = span_skip(p->source, inner ? p->line.value.start : p->source.n);
	while (nested.n && nested.p[0] <= ' ')
		nested = span_skip(nested, 1);
	bool agent = contentline_is(&p->line, "AGENT");
	if ((agent ? value_read_nested(&p->value, p->source, &p->line, property_of(p->line.name),
				       nested, p->from, err)
		   : value_read(&p->value, p->source, &p->line, p->from, err)) < 0 ||
	    can_copy(p, &copy, err) < 0)
		return -1;
	if (copy)
		return copy_text(out, p, err);
	if (p->value.property->kind == PROPERTY_BINARY)
		return convert_binary(out, p, err);
	return convert_text(out, p, err);
}

/* Nothing is taken: safe to clear at once. */
static void
print_init(struct print *p, const char *group, struct item_style to)
{
	*p = (struct print){ .to = to,
			     .group = group,
			     .value = VALUE_INIT,
			     .head = BUF_INIT(CARD_TEXT_MAX),
			     .text = BUF_INIT(CARD_TEXT_MAX) };
}

int
card_print(struct buf *out, const struct item *from, const struct field *const *elements,
	   size_t n_elements, const char *group, struct item_style to, struct err *err)
{
	AUTO(print_clear) struct print p;

	print_init(&p, group, to);
	p.source = range_span(from->bytes, elements[0]->own);
	p.from = from->version;
	p.elements = elements;
	p.n_elements = n_elements;
	return print_line(out, &p, err);
}

int
card_print_edited(struct buf *out, const struct item *from, const struct field *field,
		  const char *group, struct item_style to, const struct card_edit *edit,
		  struct err *err)
{
	AUTO(print_clear) struct print p;

	print_init(&p, group, to);
	p.source = range_span(from->bytes, field->own);
	p.from = from->version;
	p.edit = edit;
	return print_line(out, &p, err);
}

int
card_print_member(struct buf *out, const struct item *from, struct range member, const char *group,
		  struct item_style to, struct err *err)
{
	AUTO(print_clear) struct print p;

	print_init(&p, group, to);
	p.source = range_span(from->bytes, member);
	p.from = from->version;
	return print_line(out, &p, err);
}

int
card_print_text(struct buf *out, const char *name, struct span text, struct item_style to,
		struct err *err)
{
	AUTO(print_clear) struct print p;

	print_init(&p, "", to);
	p.value.property = property_in(span_str(name), to.version);
	if (buf_append_str(&p.head, name, err) < 0 || append_escaped(&p, text, err) < 0)
		return -1;
	return write_text(out, &p, err);
}

struct span
card_group(struct span bytes, struct range at)
{
	struct span line = range_span(bytes, at);
	size_t n = 0;

	while (n < line.n && line.p[n] > ' ' && line.p[n] != ';' && line.p[n] != ':')
		n++;
	const uint8_t *dot = n ? memrchr(line.p, '.', n) : NULL;
	return span_of(line.p, dot ? (size_t)(dot - line.p) : 0);
}
