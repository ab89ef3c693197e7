/* SPDX-License-Identifier: Apache-2.0 */
/*
 * module: functions of a shared library, bound when they are first needed.
 *
 * What most commands do without, and what brings much with it (libcurl: 28 further libraries), is
 * not linked to the program but opened where it is first called for.  The functions stand in a
 * struct of pointers whose types are those of the library's own header:
 *
 *     static struct { __typeof__(curl_easy_init) *easy_init; } libcurl;
 *     static const struct module_symbol symbols[] = { { "curl_easy_init", &libcurl.easy_init } };
 *     static struct module module = MODULE_INIT("libcurl.so.4", "libcurl4", symbols);
 *
 * A library once opened stays.  It is found as the program's own libraries are: by its path, if it
 * has one, and the system's; never in a folder of the user's.
 * Threads: all may call.
 */
#ifndef BASE_MODULE_H
#define BASE_MODULE_H

#include <pthread.h>
#include <stddef.h>

#include "base/err.h"

struct module_symbol {
	const char *name;
	void *to; /* the address of a pointer to a function of that name */
};

struct module {
	const char *file;    /* "libcurl.so.4" */
	const char *package; /* what to install where it is missing */
	const struct module_symbol *symbols;
	size_t n_symbols;
	pthread_mutex_t lock;
	enum { MODULE_UNTRIED, MODULE_BOUND, MODULE_MISSING } state;
};

#define MODULE_INIT(file, package, symbols)                                                        \
	{                                                                                          \
		(file), (package), (symbols), sizeof(symbols) / sizeof *(symbols),                 \
			PTHREAD_MUTEX_INITIALIZER, MODULE_UNTRIED                                  \
	}

/** Bind all symbols, the first time that it is called; a library that was missing stays so.  0, or
 *  -1 with ERR_UNSUPPORTED, the file in the message and the package in the hint. */
int module_need(struct module *m, struct err *err);

#endif
