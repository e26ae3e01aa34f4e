/* The stand-ins for libcudnn and libcudnn_adv have no functions of their own. */
