/** The administration of cameras: its routes (shapes: hub/model/cameraApi.ts), its words, and why the hub refuses. */
import type {
  CameraCheck,
  CameraForm,
  CameraHall,
  CameraLine,
  CameraPage,
  CameraSaved,
  OnvifDevice,
  OnvifFound,
} from '../../hub/model/cameraApi.ts';
import type { HallRecording, RecordingLimits } from '../../hub/model/recording.ts';
import { ApiError, call } from './api.ts';
import { cameraWords } from './cameraWords.ts';
import { locale, textsOf } from './locale.svelte.ts';
import { inWords, reasonWords } from './problem.ts';

/** A text of this page in the current language; reactive in templates. */
export const c = textsOf(cameraWords);

const id = encodeURIComponent;

export interface CameraQuery {
  hall: string;
  state: string;
  text: string;
}

export const cameras = {
  list: (query: CameraQuery, after?: string) => {
    const search = new URLSearchParams(
      Object.entries({ ...query, ...(after === undefined ? {} : { after }) }).filter(
        ([, value]) => value.trim() !== '',
      ),
    );
    return call<CameraPage>('GET', `/api/cameras?${search.toString()}`);
  },
  halls: () => call<CameraHall[]>('GET', '/api/camera-halls'),
  add: (form: Partial<CameraForm>) => call<CameraSaved>('POST', '/api/cameras', form),
  change: (camera: string, form: Partial<CameraForm>) => call<CameraSaved>('POST', `/api/cameras/${id(camera)}`, form),
  disable: (camera: string, reason: string) =>
    call<CameraLine>('POST', `/api/cameras/${id(camera)}/disable`, { reason }),
  enable: (camera: string, reason: string) => call<CameraLine>('POST', `/api/cameras/${id(camera)}/enable`, { reason }),
  renewKey: (camera: string) => call<CameraSaved>('POST', `/api/cameras/${id(camera)}/key`),
  keeping: (hall: string) => call<HallRecording>('GET', `/api/recording-limits/${id(hall)}`),
  keep: (hall: string, limits: RecordingLimits) =>
    call<HallRecording>('POST', `/api/recording-limits/${id(hall)}`, limits),
  check: (camera: string, quality: 'main' | 'sub') =>
    call<CameraCheck>('POST', `/api/cameras/${id(camera)}/check`, { quality }),
  checkAddress: (form: Pick<CameraForm, 'address' | 'user' | 'password' | 'transport'>) =>
    call<CameraCheck>('POST', '/api/camera-checks', form),
  search: () => call<OnvifFound[]>('POST', '/api/onvif/search'),
  device: (question: { host: string; port?: number; path?: string; user: string; password: string }) =>
    call<OnvifDevice>('POST', '/api/onvif/device', question),
};

const chinese: readonly (readonly [RegExp, string])[] = [
  [/^the device refuses this user name and password$/, '设备拒绝了这个账号和密码。'],
  [/^the device does not answer$/, '设备没有应答。'],
  [/^what answers there is no ONVIF device/, '那里应答的不是能识别的 ONVIF 设备。'],
  [/^the device answers too much$/, '设备的应答过大，已中断。'],
  [/^the address is not in a private network/, '地址不在专网内（可用 CAMERA_NETWORKS 放开）。'],
  [/^no network is searched/, '还没有设置要搜索的网络（ONVIF_INTERFACES）。'],
  [/^no address is known for the name/, '找不到这个主机名的地址。'],
  [/^the camera (?:does not answer|opened no session)$/, '摄像机没有应答。'],
  [/^the camera (?:refuses the connection|does not listen)$/, '那里没有摄像机在监听（连接被拒绝）。'],
  [/^there is no way to the camera$/, '网络不通，到不了摄像机。'],
  [/^the name of the camera is not known$/, '找不到这个主机名的地址。'],
  [/^the connection to the camera failed$/, '连接摄像机失败。'],
  [/^pictures were lost on the way/, '传输中丢失了画面，正在等待下一个关键帧。'],
  [/^the camera asks for a user and a password$/, '摄像机要求账号和密码。'],
  [/^the camera asks for the password in a way/, '摄像机的验证方式不受支持。'],
  [/^the camera refuses the user or the password/, '摄像机拒绝了这个账号或密码。'],
  [/^the camera does not allow this user/, '摄像机不允许这个账号观看。'],
  [/^the camera knows no stream of this path/, '摄像机上没有这个路径。'],
  [/^the camera has no room for one more viewer/, '摄像机的连接数已满。'],
  [/^the camera sends one to another address/, '摄像机转到了另一个地址，请直接填写那个地址。'],
  [/^the camera does not send over (TCP|UDP)/, '摄像机不支持 $1 传输。'],
  [/^the camera does not speak TLS/, '摄像机不支持 rtsps 加密。'],
  [/^the camera (?:cut|closed) the connection$/, '摄像机断开了连接。'],
  [/^the camera ended the (?:session|stream)/, '摄像机结束了这路视频。'],
  [/^the camera changed the size or kind/, '摄像机改变了画面大小或编码。'],
  [/^the camera describes no picture$/, '摄像机说明中没有视频。'],
  [/^the camera sends neither H\.264 nor H\.265$/, '摄像机的编码既不是 H.264 也不是 H.265。'],
  [/^the camera (?:describes|sends|announces|answers) /, '摄像机发送的内容无法识别。'],
  [/^nothing comes over UDP/, 'UDP 没有数据，可能被网络拦截，请改用 TCP。'],
  [/^no two ports are free for UDP$/, '没有空闲的 UDP 端口，请改用 TCP。'],
  [/^no picture for (\d+) s$/, '$1 秒没有画面。'],
  [/^no key picture any more$/, '不再有关键帧。'],
  [/^no picture came/, '规定时间内没有画面。'],
  [/^the pictures stopped$/, '画面中断了。'],
  [/^the picture is dark$/, '画面是黑的。'],
  [/^the picture shows no detail$/, '画面看不出细节，镜头可能被遮挡。'],
  [/^the same picture again and again$/, '画面一直不变。'],
  [/^it does not answer as a camera/, '那里的应答不是视频，或没有画面。'],
  [/401|[Uu]nauthori[sz]ed/, '摄像机拒绝了这个账号和密码。'],
  [/403|[Ff]orbidden/, '摄像机禁止这个账号观看。'],
  [/404|[Nn]ot [Ff]ound/, '摄像机上没有这个路径。'],
  [/[Cc]onnection refused|ECONNREFUSED/, '那里没有摄像机在监听（连接被拒绝）。'],
  [/timed? ?out|ETIMEDOUT|No route to host|EHOSTUNREACH|[Uu]nreachable/, '连接不上摄像机（超时或网络不通）。'],
  [/^an encoder brings these pictures/, '画面由编码器推送：请先保存点位，推流后再测试。'],
  [/^no such camera, or it is switched off$/, '没有这个点位，或已停用。'],
  [/^expected rtsp:\/\//, '地址应为 rtsp://、rtsps://、http(s)://….m3u8 或 http(s)://….flv。'],
  [/^the address holds spaces/, '地址中有空格或控制字符，请写成 %20。'],
  [/^files are named on the command line only$/, '本机影片只能在命令行登记。'],
  [/^expected a hall of your region$/, '大厅不在您的管辖范围内。'],
  [/^no such window in this hall$/, '这个大厅没有这个窗口。'],
  [/^expected why people at the window/, '请写明为什么要采集窗口人员的声音。'],
  [/^expected a user name without/, '账号中不能有 < > & 或引号。'],
  [/^expected an address such as 192/, '应为 192.168.1.64 这样的地址或主机名。'],
  [/^the camera is switched (?:off|on) already$/, '点位的状态已经变化，请刷新后再看。'],
];

/** Why a camera shows nothing, or the hub refuses, in the page's language; what is not known stays as it was said. */
export function why(reason: string): string {
  if (locale.current !== 'zh') return reason;
  for (const [pattern, text] of chinese) {
    const found = pattern.exec(reason);
    if (found) return text.replace('$1', found[1] ?? '');
  }
  return reasonWords(reason);
}

export function trouble(error: unknown): string {
  const said = error instanceof ApiError && error.status < 500 ? error.problem.reason : undefined;
  return said === undefined ? inWords(error) : why(said);
}
