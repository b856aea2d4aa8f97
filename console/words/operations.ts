/** What each operation does, in Chinese; in English the API document says it. By operationId. */
export const OPERATION_TEXTS: Readonly<Record<string, string>> = {
  post_obproxy_clusters:
    '创建 OBProxy 集群；填写主机时，在每台主机上安装一个 OBProxy。产生一个任务 "Install obproxy"。预检查会在每台主机上确认任务所需的条件。',
  delete_obproxy_clusters_id:
    '删除集群及其中的 OBProxy。仍关联 OceanBase 集群时拒绝执行（RS_LIST 方式的关联固定，不受此限）。产生一个任务 "Offline obproxy"。',
  patch_obproxy_clusters_id: '未填写的内容保持不变。地址仅供客户端参考，OBProxy 的监听端口不会改变。',
  post_obproxy_clusters_id_obproxies_batchAdd:
    '在每台主机上安装并启动一个 OBProxy，每台主机产生一个任务 "Install obproxy"。预检查会在每台主机上确认任务所需的条件，包括能否访问 Config URL。',
  post_obproxy_clusters_id_takeOver:
    '接管各主机指定端口上正在运行的 OBProxy：不安装、不重启、不停止。每台主机产生一个任务 "Install obproxy"。预检查会列出在主机上发现的全部问题。',
  post_obproxy_clusters_id_servers_stop:
    '停止所选 OBProxy，主机重启后也不再启动。已打开会话的事务可在 hot_upgrade_exit_timeout 内结束，最长 600 秒。产生一个任务 "Stop obproxy"。',
  post_obproxy_clusters_id_servers_start:
    '按保存的配置启动所选 OBProxy，并恢复停止前的守护方式。产生一个任务 "Start obproxy"。',
  post_obproxy_clusters_id_servers_restart:
    '逐个停止并启动所选 OBProxy，前一个未恢复时不再继续；客户端会话会被断开。选择热重启时，端口交给新进程，原有会话在旧进程中继续，直到结束或 hot_upgrade_exit_timeout 到期；修改端口时不能使用热重启。产生一个任务 "Restart obproxy"。',
  post_obproxy_clusters_id_servers_upgrade:
    '在原有目录中将所选 OBProxy 升级到更高版本：放入软件包中的程序，逐个交接；新程序不能服务时放回旧程序，并不再继续。产生一个任务 "Upgrade obproxy"。',
  post_obproxy_clusters_id_servers_refresh:
    '将集群的全部参数和关联密码设置到所选 OBProxy 并读回，用于错过变更或被手工修改的 OBProxy。需要重启才生效的参数会被保存并显示为不一致。产生一个任务 "Refresh obproxy"。',
  put_obproxy_clusters_id_parameters:
    '将参数值记录为集群的值，并设置到运行中的 OBProxy；其余 OBProxy 通过刷新获得。名称、类型和范围以 OBProxy 自身为准，执行前检查。产生一个任务 "Modify obproxy parameters"。',
  post_obproxy_clusters_id_password:
    '集群中的所有 OBProxy 都必须在运行，否则未运行的会保留旧密码。在确认每个 OBProxy 都接受新密码之前，两个密码都会保留。产生一个任务 "Modify obproxy password"。',
  post_obproxy_clusters_id_servers_delete:
    '停止所选 OBProxy，清除其与 obflow 在主机上留下的内容和软件包，并删除记录。接管的 OBProxy 保留其目录和软件包。产生一个任务 "Delete obproxy server"。',
  post_obproxy_clusters_id_servers_forget:
    '立即删除记录，不产生任务，不改动主机；结果会列出主机上遗留的内容。被任务占用时拒绝；仍存活时需选择“强制”。',
  post_obproxy_clusters_id_configUrl_push:
    'OBFLOW_PUBLIC_URL 变更后使用。先从每台主机访问该地址，设置后读回，不重启任何进程。无法到达的 OBProxy 以 FAILED 列出。',
  post_obproxy_clusters_id_obLinks_batchAdd:
    '用户必须能登录 OceanBase 集群，缺少时会创建。运行中的 OBProxy 会得到密码并被询问是否已看到该集群。再次提交已有的关联可更换用户名。RS_LIST 方式的集群只有一个固定的关联。',
  delete_obproxy_clusters_id_obLinks_obClusterName:
    '取消与该名称集群的全部关联（主集群与备集群同名）。不会断开会话；OBProxy 下次访问 config server 时移除该集群，最后一个集群会保留到重启。',
  post_ob_clusters:
    '在每台主机上安装 OBServer 并组成集群，然后设置 root@sys 密码。BOOTSTRAP 只发送一次，失败时回滚任务，停止 observer 并清空所创建的内容。产生一个任务 "Create primary OB cluster"。预检查会在每台主机上确认任务所需的条件。',
  delete_ob_clusters_id:
    '停止集群的全部 OBServer，并清除 obflow 创建的数据、日志、配置和软件包；原本就存在的服务器保留文件。仍有 OBProxy 关联或有主机无法到达时拒绝（跳过的主机除外）。数据无法恢复。产生一个任务 "Delete primary OB cluster"。',
  post_ob_clusters_id_stop:
    '将内存数据落盘后，同时停止集群的全部 observer；在重新启动之前，全部客户端以及经由关联 OBProxy 的客户端都会断开。产生一个任务 "Stop OB cluster"。',
  post_ob_clusters_id_start:
    '按保存的配置启动集群的全部 observer，等待多数派及全部服务器可用，并恢复之前停止的服务器和 Zone。启动前每台主机都必须可以到达。产生一个任务 "Start OB cluster"。',
  post_ob_clusters_id_restart:
    '逐个 Zone 重启 observer，RootService 所在的 Zone 最后重启：先将服务迁出该 Zone（STOP ZONE），下一个 Zone 等待全部恢复并同步。少于三个 Zone、有服务器不可用或日志流会失去多数派时拒绝；选择“强制”仍会重启，但会中断客户端。产生一个任务 "Restart OB cluster"。',
  post_ob_clusters_id_servers:
    '在每台主机上安装与集群版本一致的 OBServer 并加入 Zone。产生一个任务 "Add OB server"。预检查会在每台主机上确认任务所需的条件。',
  post_ob_clusters_id_servers_batchDelete:
    '从集群中删除服务器（DELETE SERVER）：其资源单元迁移到同一 Zone 的其他服务器，可能需要数天；之后停止 observer 并清除 obflow 在主机上创建的内容。原本就存在的服务器保留文件。剩余服务器容量不足或日志流失去多数派时拒绝。迁移期间回滚会取消删除。',
  post_ob_clusters_id_servers_serverId_replace:
    '先在同一 Zone 的另一台主机上安装 OBServer 并加入集群，再删除原来的服务器：其资源单元迁移到新服务器，之后结束进程并删除 obflow 创建的文件。原主机无法连接时可用 skipHostOperation 跳过。按主机规格和首次启动参数，新服务器容纳不下原服务器的资源单元时拒绝；无法得知时给出警告。产生一个任务 "Replace OB server"。',
  post_ob_clusters_id_servers_serverId_stop:
    '先迁走客户端和主副本（STOP SERVER），再停止 observer（方式为 STOP_SERVICE 时不停止）。任一租户的日志流会失去多数派，或已有其他 Zone 停止服务时拒绝。必须在 server_permanent_offline_time 内恢复。产生一个任务 "Stop OB server"。',
  post_ob_clusters_id_servers_serverId_start:
    '按保存的配置启动 observer，等待集群重新接纳，然后恢复客户端和主副本（START SERVER）。产生一个任务 "Start OB server"。',
  post_ob_clusters_id_servers_serverId_restart:
    '迁走客户端和主副本，停止并重新启动 observer，然后恢复服务。无法重新启动的服务器不会被停止。拒绝条件与停止相同。产生一个任务 "Restart OB server"。',
  post_ob_clusters_id_zones:
    '添加 Zone，设置其机房和地域，并在每台主机上安装与集群版本一致的 OBServer。租户的 Locality 包含该 Zone 之前不会在此创建副本。产生一个任务 "Add OB zone"。',
  post_ob_clusters_id_zones_zoneName_stop:
    '将客户端、主副本和 RootService 迁出该 Zone（STOP ZONE），再停止其中的 observer。任一日志流会失去多数派、已有其他 Zone 停止服务或这是最后一个 Zone 时拒绝。产生一个任务 "Stop OB zone"。',
  post_ob_clusters_id_zones_zoneName_start:
    '启动该 Zone 的 observer，等待集群重新接纳，然后恢复客户端和主副本（START ZONE）。产生一个任务 "Start OB zone"。',
  post_ob_clusters_id_zones_zoneName_restart:
    '将服务迁出该 Zone，停止并重新启动其中的 observer，然后恢复服务。无法重新启动的 observer 不会被停止。拒绝条件与停止相同。产生一个任务 "Restart OB zone"。',
  delete_ob_clusters_id_zones_zoneName:
    '删除 Zone 及其全部服务器。Zone 中仍有租户的副本或资源单元时拒绝（OBE18007），最后一个 Zone 不能删除（OBE18010）。产生一个任务 "Delete OB zone"。',
  post_ob_clusters_takeOver:
    '接管正在运行的集群：按集群自身显示的内容记录服务器、Zone 和 RootServer，不安装、不启动、不停止，也不修改 proxyro 密码。预检查的内容会再次确认，不满足时拒绝。产生一个任务 "Take over primary OB cluster"。',
  post_ob_clusters_takeOverPreCheck:
    '检查集群及其服务器所在的主机，一次列出全部问题；不改动也不保存任何内容。',
  post_ob_clusters_id_moveOut:
    '从资源中移除集群及其 Zone、服务器和接管时保存的凭据；不操作集群和主机，主机仍保留。仍有 OBProxy 关联时拒绝。产生一个任务 "Move out primary OB cluster"。',
  put_ob_clusters_id_parameters:
    '先检查全部参数再逐条设置，随后从每台服务器读回。15 秒内未生效的服务器会被列出（503）。',
  post_ob_clusters_id_changePassword:
    '在每个有响应的 RootServer 接受新密码之前，两个密码都会保留。返回 503 后可再次提交，操作会继续。',
  post_compute_hosts_batchCreate:
    '先登录每台主机；有一台不可用时不保存任何内容，并列出所有不可用的主机。每台主机产生一个任务 "Prepare host"，任务成功之前不能在其上部署服务。',
  post_compute_hosts_batchDelete: '全部删除或全部不删除，每台主机的条件与单独删除相同。',
  delete_compute_hosts_hostId:
    '有服务的主机（CMP07006）或有任务正在操作的主机（CMP07004）不能删除。不操作主机，仅删除记录和固定的主机密钥。',
  put_compute_hosts_hostId: '未填写的内容保持不变。更换地址、端口或凭据时，先登录主机再保存。',
  post_compute_hosts_hostId_forget:
    '立即删除主机及其上 OBProxy 的记录，不产生任务，不改动主机。其上的 OBServer 仍属于各自的集群。被任务占用时拒绝；主机或其上的服务仍有响应时需选择“强制”。',
};
