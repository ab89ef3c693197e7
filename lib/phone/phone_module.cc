/* SPDX-License-Identifier: Apache-2.0 */
/* phone_module: libphonenumber behind two functions of C.  No exception leaves it. */
#include "phone/phone_module.h"

#include <phonenumbers/phonenumberutil.h>

#include <cstring>
#include <set>
#include <string>

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

#define OUT_BYTES 32

extern "C" int
cloudbox_phone_e164(char *out, const char *number, size_t n, const char *region)
{
	try {
		const PhoneNumberUtil *util = PhoneNumberUtil::GetInstance();
		PhoneNumber parsed;
		std::string e164;

		if (util->Parse(std::string(number, n), region, &parsed) !=
			    PhoneNumberUtil::NO_PARSING_ERROR ||
		    !util->IsValidNumber(parsed))
			return 0;
		util->Format(parsed, PhoneNumberUtil::E164, &e164);
		if (e164.empty() || e164.size() >= OUT_BYTES)
			return 0;
		std::memcpy(out, e164.c_str(), e164.size() + 1);
		return 1;
	} catch (...) {
		return 0;
	}
}

extern "C" int
cloudbox_phone_is_region(const char *region)
{
	try {
		return PhoneNumberUtil::GetInstance()->GetCountryCodeForRegion(region) != 0;
	} catch (...) {
		return 0;
	}
}
