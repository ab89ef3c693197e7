/* SPDX-License-Identifier: Apache-2.0 */
/* value_key: what a value is compared by, and what it says to people.  See value.h. */
#include <sodium.h>
#include <strings.h>
#include <unictype.h>
#include <unistr.h>

#include "base/text.h"
#include "item/value.h"

static int
parts_key(struct buf *out, const struct value *v, struct err *err)
{
	size_t n = v->n_parts;

	while (n && value_is_blank(value_part(v, n - 1)))
		n--; /* "Example;" is "Example" */
	for (size_t i = 0; i < n; i++)
		if ((i && buf_append_byte(out, 0x1f, err) < 0) ||
		    key_words(out, value_part(v, i), err) < 0)
			return -1;
	return 0;
}

static int
binary_key(struct buf *out, const struct value *v, struct err *err)
{
	uint8_t hash[crypto_generichash_BYTES];

	if (v->form != VALUE_DATA)
		return buf_append_str(out, v->form == VALUE_LINK ? "link:" : "text:", err) < 0
			       ? -1
			       : buf_append(out, value_part(v, 0), err);
	crypto_generichash(hash, sizeof hash, v->text.p, v->text.n, NULL, 0);
	if (buf_append_str(out, "data:", err) < 0)
		return -1;
	return buf_append(out, SPAN_ARRAY(hash), err);
}

int
value_key(struct buf *out, const struct value *v, size_t element, const char *means,
	  const char *label, const struct key_rules *rules, struct err *err)
{
	if (buf_append_str(out, means, err) < 0 || buf_append_byte(out, '\0', err) < 0)
		return -1;
	if (label && (buf_append_str(out, label, err) < 0 || buf_append_byte(out, '\0', err) < 0))
		return -1;
	switch (v->property->kind) {
	case PROPERTY_TEL:
		return key_tel(out, value_part(v, 0), rules, err);
	case PROPERTY_EMAIL:
		return key_email(out, value_part(v, 0), err);
	case PROPERTY_URL:
		return key_url(out, value_part(v, 0), err);
	case PROPERTY_IMPP:
		return key_impp(out, value_part(v, 0), v->protocol[0] ? v->protocol : NULL, err);
	case PROPERTY_DATE:
		return key_date(out, value_part(v, 0), v->year_omitted, err);
	case PROPERTY_GEO:
		return key_geo(out, value_part(v, 0), err);
	case PROPERTY_ZONE:
		return key_zone(out, value_part(v, 0), err);
	case PROPERTY_PARTS:
		return parts_key(out, v, err);
	case PROPERTY_LIST:
		return key_text(out, value_part(v, element), err);
	case PROPERTY_BINARY:
		return binary_key(out, v, err);
	case PROPERTY_INSTANT:
		return key_instant(out, value_part(v, 0), v->zone, err);
	case PROPERTY_INSTANTS:
		return key_instant(out, value_part(v, element), v->zone, err);
	case PROPERTY_RULE:
		return key_rule(out, value_part(v, 0), err);
	case PROPERTY_TRIGGER:
		if (v->at_end && buf_append_str(out, "END:", err) < 0)
			return -1;
		return key_instant(out, value_part(v, 0), v->zone, err);
	case PROPERTY_TEXT:
	case PROPERTY_AGENT:
	case PROPERTY_COMPONENT:
		return key_text(out, value_part(v, 0), err);
	case PROPERTY_EXACT:
		break;
	}
	return key_exact(out, value_part(v, 0), err);
}

/* ---- for people ---- */

static bool
is_east_asian(struct span s)
{
	ucs4_t c;

	if (!s.p || s.n == 0 || u8_mbtouc(&c, s.p, s.n) <= 0)
		return false;
	return (c >= 0x2e80 && c <= 0x9fff) || (c >= 0xac00 && c <= 0xd7a3) ||
	       (c >= 0x20000 && c <= 0x3ffff);
}

static int
append_joined(struct buf *out, const struct value *v, const size_t *order, size_t n,
	      const char *between, struct err *err)
{
	size_t before = out->n;

	for (size_t i = 0; i < n; i++) {
		size_t at = order ? order[i] : i;
		struct span part = at < v->n_parts ? value_part(v, at) : span_of(NULL, 0);
		if (value_is_blank(part))
			continue;
		if ((out->n > before && buf_append_str(out, between, err) < 0) ||
		    key_words(out, part, err) < 0)
			return -1;
	}
	return 0;
}

/* family; given; more; prefix; suffix */
static int
append_name(struct buf *out, const struct value *v, struct err *err)
{
	static const size_t western[] = { 3, 1, 2, 0, 4 }, eastern[] = { 0, 2, 1 };

	if (v->n_parts && is_east_asian(value_part(v, 0)) &&
	    (v->n_parts < 2 || value_part(v, 1).n == 0 || is_east_asian(value_part(v, 1))))
		return append_joined(out, v, eastern, 3, "", err);
	return append_joined(out, v, western, 5, " ", err);
}

static struct span
without_scheme(struct span s, const char *scheme)
{
	size_t n = strlen(scheme);

	return s.p && s.n >= n && strncasecmp((const char *)s.p, scheme, n) == 0 ? span_skip(s, n)
										 : s;
}

int
value_for_people(struct buf *out, const struct value *v, size_t element, struct err *err)
{
	if (v->form == VALUE_DATA)
		return buf_append_fmt(out, err, _("%s, %zu bytes"),
				      v->media[0] ? v->media : _("data"), v->text.n);
	switch (v->property->kind) {
	case PROPERTY_PARTS:
		if (v->property->name && strcmp(v->property->name, "N") == 0)
			return append_name(out, v, err);
		return append_joined(out, v, NULL, v->n_parts, ", ", err);
	case PROPERTY_LIST:
	case PROPERTY_INSTANTS:
		return key_text(out, value_part(v, element), err);
	case PROPERTY_EMAIL:
		return key_text(out, without_scheme(value_part(v, 0), "mailto:"), err);
	case PROPERTY_TEL:
		return key_text(out, without_scheme(value_part(v, 0), "tel:"), err);
	default:
		return key_text(out, value_part(v, 0), err);
	}
}
