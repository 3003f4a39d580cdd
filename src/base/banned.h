/* banned: functions that have no safe use here, forced into every translation unit by the build. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#pragma GCC poison strcpy strcat sprintf vsprintf strtok gets atoi atol atof gmtime localtime rand srand
