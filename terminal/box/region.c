/* SPDX-License-Identifier: Apache-2.0 */
/* region: see region.h. */
#include "box/region.h"

#include "box/settings.h"

#define KEY "home-region"

/* False: it is no region. */
static bool
take_code(struct region *out, const char *code)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

	if (!code[0] || !code[1] || code[2])
		return false;
	for (int i = 0; i < 2; i++) {
		const char *at = strchr(letters, code[i]);
		if (!at)
			return false;
		out->code[i] = letters[(at - letters) % 26];
	}
	out->code[2] = '\0';
	return true;
}

int
region_get(struct region *out, struct box *b, struct err *err)
{
	AUTO(buf_clear) struct buf value = BUF_INIT(SETTING_VALUE_MAX);
	int rc = setting_get(&value, b, KEY, err);

	*out = (struct region){ .by_locale = rc == BOX_ABSENT };
	if (rc < 0)
		return -1;
	if (rc == BOX_ABSENT ? !phone_locale_region(out->code) : !take_code(out, buf_str(&value)))
		out->code[0] = '\0';
	return 0;
}

int
region_settle(struct region *out, struct box *b, struct err *err)
{
	if (region_get(out, b, err) < 0)
		return -1;
	if (!out->by_locale || !out->code[0])
		return 0;
	return setting_set(b, KEY, span_str(out->code), err);
}

int
region_set(struct region *out, struct box *b, const char *code, struct err *err)
{
	*out = (struct region){ .by_locale = false };
	if (strcmp(code, REGION_NONE) == 0)
		return setting_set(b, KEY, span_str(REGION_NONE), err);
	if (!take_code(out, code) || !phone_is_region(out->code)) {
		err_set(err, ERR_USAGE, "no region with telephone numbers is called %s", code);
		return err_hint(err, "two letters such as DE, US or CN, or none");
	}
	return setting_set(b, KEY, span_str(out->code), err);
}

int
region_profile(struct region_profile *out, struct box *b, const struct item_profile *app,
	       struct err *err)
{
	*out = (struct region_profile){ .item = app ? *app : (struct item_profile){ 0 } };
	if (region_get(&out->region, b, err) < 0)
		return -1;
	if (out->region.code[0])
		out->item.keys = (struct key_rules){ out->region.code, phone_e164 };
	return 0;
}
