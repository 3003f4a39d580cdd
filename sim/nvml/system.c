/* The machine and its driver. */
#include "sim/node/process.h"

#include "sim/nvml/getter.h"

EXPORT nvmlReturn_t nvmlSystemGetDriverVersion(char *version, unsigned int length) {
        CALL(nvmlSystemGetDriverVersion);
        return call_text(call.node->driver, version, length);
}

/* "13.590.48.01": the driver's version behind CUDA's major. */
EXPORT nvmlReturn_t nvmlSystemGetNVMLVersion(char *version, unsigned int length) {
        CALL(nvmlSystemGetNVMLVersion);
        char text[NVML_SYSTEM_NVML_VERSION_BUFFER_SIZE];
        snprintf(text, sizeof text, "%u.%s", call.node->cuda / 1000U, call.node->driver);
        return call_text(text, version, length);
}

static nvmlReturn_t cuda_version(const struct call *call, int *ret_version) {
        if (!ret_version)
                return NVML_ERROR_INVALID_ARGUMENT;
        *ret_version = call->node->cuda;
        return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlSystemGetCudaDriverVersion(int *cudaDriverVersion) {
        CALL(nvmlSystemGetCudaDriverVersion);
        return cuda_version(&call, cudaDriverVersion);
}

EXPORT nvmlReturn_t nvmlSystemGetCudaDriverVersion_v2(int *cudaDriverVersion) {
        CALL(nvmlSystemGetCudaDriverVersion_v2);
        return cuda_version(&call, cudaDriverVersion);
}
