"""The types of each kernel's arguments in a model in float32, for which it is inspected.

A letter and the number of dimensions is an array: f float32, d float64, i int32, l int64, b bool,
c int8, the codes of quantized weights.
"""

_KERNELS_OF_TYPES = {
    "d1": "increment_step_",
    "d1 d1": "root_of_sum_",
    "d1 f1": "sum_of_squares_",
    "f1 float": "fill_",
    "f1 f1": "accumulate_ exp_forward log_forward tanh_forward sigmoid_forward relu_forward "
    "gelu_forward std_forward",
    "f1 f1 d1": "sgd_step_",
    "f1 d1 float": "clip_by_norm_",
    "f1 f1 float": "power_forward rpower_forward scale_forward shift_forward",
    "f1 f1 float float": "clip_forward",
    "f1 f1 f1": "add_forward subtract_forward multiply_forward divide_forward tanh_backward "
    "sigmoid_backward relu_backward gelu_backward std_backward",
    "f1 f1 f1 float": "power_backward rpower_backward",
    "f1 f1 f1 float float": "clip_backward",
    "f1 f1 f1 b1": "where_backward",
    "f1 b1 f1 f1": "where_forward",
    "f1 f1 f1 f1 f1": "multiply_backward divide_backward",
    "f1 f1 f1 f1 d1 d1 float float float": "adam_step_",
    "f1 f1 f1 f1 d1 d1 float float float float int": "adamw_step_",
    "f1 f1 l2": "strided_copy_forward strided_copy_backward",
    "f1 f1 f1 i1": "masked_mean_forward masked_mean_backward",
    "f1 f1 f2 i1": "cross_entropy_forward",
    "f2 f1 f2 f1 i1": "cross_entropy_backward",
    "f2 f3": "sum_forward",
    "f3 f2": "sum_backward",
    "f2 i2 f3": "max_forward",
    "f3 f2 i2": "max_backward",
    "f2 f2": "softmax_forward log_softmax_forward",
    "f2 f2 f2": "softmax_backward log_softmax_backward",
    "f3 f3 float": "causal_softmax_forward",
    "f3 f3 f3 float": "causal_softmax_backward",
    "f2 f1 f2 float": "rms_norm_forward",
    "f2 f2 f2 f1 f2": "rms_norm_backward linear_residual_forward",
    "f2 f1 f1 f2 f1 f1 float": "layer_norm_forward",
    "f2 f1 f1 f2 f2 f1 f1 f1 f2": "layer_norm_backward",
    "f2 f2 f2 f1": "linear_forward linear_relu_forward",
    "f2 f2 f2 f2 f1": "linear_gelu_forward",
    "f2 f2 f1 f2 f2 f2 int": "linear_backward",
    "f3 f3 f3": "matmul_forward matmul_transposed_forward",
    "f3 f3 f3 f3 f3": "matmul_backward matmul_transposed_backward",
    "f2 f2 c2 f1 f1": "quantized_linear_forward",
    "f2 c2 f1 i1": "quantized_embedding_forward",
    "f2 c2 f1 f2 i2 i1": "quantized_token_position_embedding_forward",
    "f2 f2 i1": "embedding_forward embedding_backward",
    "f2 f2 f2 i2 i1": "token_position_embedding_forward token_position_embedding_backward",
    "f3 f3 f3 int": "self_attention_forward",
    "f3 f3 f3 f3 f3 int": "self_attention_backward",
    "f3 f3 f3 int l1 int int float": "dropout_attention_forward",
    "f3 f3 f3 f3 f3 int l1 int int float": "dropout_attention_backward",
    "f3 f3 f3 f4 f4 i1": "decode_attention_forward",
    "f2 f4 f4 f2 i1 int": "decode_self_attention_",
    "f4 f4 i1": "kv_cache_write_",
    "f2 f2 l1 int int float": "dropout_forward",
    "f2 f2 f2 l1 int int float": "dropout_residual_forward",
    "l1 l1": "dropout_next_state_",
    "i1 int": "check_tokens increment_position_",
    "i1 int int": "check_position check_targets",
    "i1 f2 d1 l1 i1": "sample_",
}

SIGNATURES = {
    name: tuple(types.split())
    for types, names in _KERNELS_OF_TYPES.items()
    for name in names.split()
}
