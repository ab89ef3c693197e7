/* SPDX-License-Identifier: Apache-2.0 */
/*
 * phone: what a national number is in the home region, by libphonenumber.
 *
 * libphonenumber is large and C++.  It lies behind a module (phone_module.h) that is loaded when a
 * number without `+` first meets a home region, and never otherwise.  Where the module is not
 * installed such numbers stay as they are: that costs a double, never a loss, and is told
 * (phone_is_there, phone_was_missed).
 * Threads: all functions may be called by any.
 */
#ifndef PHONE_PHONE_H
#define PHONE_PHONE_H

#include "base/span.h"

#define PHONE_REGION_BYTES 3 /* two letters of ISO 3166-1 and NUL */

/** A key_e164_fn (item/key.h).  False without the module, too. */
bool phone_e164(char out[static 32], struct span number, const char *region);

/** Is the module there?  Loads it. */
bool phone_is_there(void);

/** Was the module wanted for a number, and is not there? */
bool phone_was_missed(void);

/** Is @region one that has telephone numbers: "DE", "CN"?  Without the module: any two capitals. */
bool phone_is_region(const char *region);

/** The region of the environment's locale (LC_ALL, LC_TELEPHONE, LANG): "DE" for de_DE.UTF-8.
 *  False: it names none. */
bool phone_locale_region(char out[static PHONE_REGION_BYTES]);

#endif
