/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcurl: what is called of it, bound at the first request (base/module.h): most commands ask no
 * server, and most servers tell nobody by mail.
 */
#ifndef NET_LIBCURL_H
#define NET_LIBCURL_H

#include <curl/curl.h>

#include "base/err.h"

struct libcurl {
	__typeof__(curl_global_init) *global_init;
	__typeof__(curl_easy_init) *easy_init;
	__typeof__(curl_easy_cleanup) *easy_cleanup;
	__typeof__(curl_easy_setopt) *easy_setopt;
	__typeof__(curl_easy_getinfo) *easy_getinfo;
	__typeof__(curl_easy_perform) *easy_perform;
	__typeof__(curl_easy_strerror) *easy_strerror;
	__typeof__(curl_slist_append) *slist_append;
	__typeof__(curl_slist_free_all) *slist_free_all;
};

/* All NULL before libcurl_need(). */
extern struct libcurl libcurl;

/** Load and start it.  Not from two threads at once.  ERR_UNSUPPORTED: it is not there; ERR_INTERNAL:
 *  it does not start. */
int libcurl_need(struct err *err);

#endif
