/* SPDX-License-Identifier: Apache-2.0 */
/* phone: see phone.h. */
#include "phone/phone.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "phone/phone_module.h"

static struct {
	int (*e164)(char *out, const char *number, size_t n, const char *region);
	int (*is_region)(const char *region);
} module;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static atomic_bool missed;

/* Found by the program's own search path (meson.build), which names no folder of the user's. */
static void
load(void)
{
	void *file = dlopen(PHONE_MODULE_FILE, RTLD_NOW | RTLD_LOCAL);

	if (!file)
		return;
	void *e164 = dlsym(file, "cloudbox_phone_e164");
	void *is_region = dlsym(file, "cloudbox_phone_is_region");
	if (!e164 || !is_region)
		return;
	memcpy(&module.e164, &e164, sizeof e164); /* POSIX: a function pointer fits */
	memcpy(&module.is_region, &is_region, sizeof is_region);
}

bool
phone_is_there(void)
{
	pthread_once(&once, load);
	return module.e164 != NULL;
}

bool
phone_e164(char out[static 32], struct span number, const char *region)
{
	if (!phone_is_there()) {
		atomic_store(&missed, true);
		return false;
	}
	return module.e164(out, (const char *)number.p, number.n, region) == 1;
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
	return !phone_is_there() || module.is_region(region) == 1;
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
