/* SPDX-License-Identifier: Apache-2.0 */
/* libcurl: see libcurl.h. */
#include "net/libcurl.h"

#include "base/module.h"

struct libcurl libcurl;

static const struct module_symbol symbols[] = {
	{ "curl_global_init", &libcurl.global_init },
	{ "curl_easy_init", &libcurl.easy_init },
	{ "curl_easy_cleanup", &libcurl.easy_cleanup },
	{ "curl_easy_setopt", &libcurl.easy_setopt },
	{ "curl_easy_getinfo", &libcurl.easy_getinfo },
	{ "curl_easy_perform", &libcurl.easy_perform },
	{ "curl_easy_strerror", &libcurl.easy_strerror },
	{ "curl_slist_append", &libcurl.slist_append },
	{ "curl_slist_free_all", &libcurl.slist_free_all },
};

static struct module module = MODULE_INIT("libcurl.so.4", "libcurl4", symbols);

int
libcurl_need(struct err *err)
{
	if (module_need(&module, err) < 0)
		return -1;
	if (libcurl.global_init(CURL_GLOBAL_DEFAULT))
		return err_set(err, ERR_INTERNAL, "libcurl does not start");
	return 0;
}
