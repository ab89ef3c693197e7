/* SPDX-License-Identifier: Apache-2.0 */
/* phone: see phone.h. */
#include "phone/phone.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/module.h"
#include "phone/phone_module.h"

static struct {
	__typeof__(cloudbox_phone_e164) *e164;
	__typeof__(cloudbox_phone_is_region) *is_region;
} numbers;

static const struct module_symbol symbols[] = {
	{ "cloudbox_phone_e164", &numbers.e164 },
	{ "cloudbox_phone_is_region", &numbers.is_region },
};

static struct module module = MODULE_INIT(PHONE_MODULE_FILE, "cloudbox-phone-numbers", symbols);
static atomic_bool missed;

bool
phone_is_there(void)
{
	return module_need(&module, NULL) == 0;
}

bool
phone_e164(char out[static 32], struct span number, const char *region)
{
	if (!phone_is_there()) {
		atomic_store(&missed, true);
		return false;
	}
	return numbers.e164(out, (const char *)number.p, number.n, region) == 1;
}

bool
phone_was_missed(void)
{
	return atomic_load(&missed);
}

static bool
is_capital(char c)
{
	return c >= 'A' && c <= 'Z';
}

bool
phone_is_region(const char *region)
{
	if (!is_capital(region[0]) || !is_capital(region[1]) || region[2])
		return false;
	return !phone_is_there() || numbers.is_region(region) == 1;
}

/* language_TERRITORY.charset@modifier */
bool
phone_locale_region(char out[static PHONE_REGION_BYTES])
{
	static const char *const variables[] = { "LC_ALL", "LC_TELEPHONE", "LANG" };
	const char *locale = NULL;

	for (size_t i = 0; i < sizeof variables / sizeof *variables && !(locale && *locale); i++)
		locale = getenv(variables[i]);
	const char *territory = locale ? strchr(locale, '_') : NULL;
	if (!territory || !is_capital(territory[1]) || !is_capital(territory[2]) ||
	    (territory[3] && territory[3] != '.' && territory[3] != '@'))
		return false;
	memcpy(out, territory + 1, 2);
	out[2] = '\0';
	return true;
}
