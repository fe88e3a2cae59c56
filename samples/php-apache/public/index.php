<?php
header('Content-Type: text/plain');
printf("%s asks for %s, memory %s, pdo %s\n", PHP_SAPI, $_SERVER['REQUEST_URI'], ini_get('memory_limit'), extension_loaded('pdo') ? 'yes' : 'no');
